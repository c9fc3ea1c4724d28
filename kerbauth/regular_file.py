"""Reading files that an administrator names, without waiting for what is none: a named pipe would never end."""

import errno
import os
import stat
from pathlib import Path


def read_regular(path: Path) -> bytes:
    """What a regular file holds. Raises OSError, also for anything that is no regular file (a folder, a pipe, a device)."""
    # on a regular file O_NONBLOCK does nothing; a pipe that nobody writes to is opened at once instead of never (open(2))
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        return file.read()
