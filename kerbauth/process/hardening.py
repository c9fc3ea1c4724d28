"""What a process gives up before it handles a secret. Children inherit it all."""

import ctypes
import os
import resource
from pathlib import Path
from typing import Final

# linux/prctl.h
_SET_DUMPABLE: Final = 4
_SET_NO_NEW_PRIVS: Final = 38

_UMASK: Final = 0o077
_STATM: Final = Path("/proc/self/statm")


def harden() -> None:
    """Leave no core file, let no other process of the same user look in, make files for this user only, and gain no privileges.

    Raises OSError if the kernel refuses.

    Not dumpable (prctl(2), PR_SET_DUMPABLE) means that /proc/PID belongs to root: nobody without CAP_SYS_PTRACE attaches to the process
    or reads its memory, environment or descriptors. The process itself keeps reading of /proc/self what needs no ownership (maps,
    statm, fd).
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(_UMASK)
    library = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_SET_DUMPABLE, 0), (_SET_NO_NEW_PRIVS, 1)):
        if library.prctl(option, *(ctypes.c_ulong(each) for each in (value, 0, 0, 0))) != 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))


def resident_bytes() -> int:
    """The memory this process has in RAM, what it shares with others included (proc_pid_statm(5))."""
    return int(_STATM.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
