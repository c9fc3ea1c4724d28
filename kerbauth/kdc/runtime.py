"""The process's own Kerberos environment: a private folder and the variables that point libkrb5 at it and at nothing else."""

import ctypes
import fcntl
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Final, Self

from kerbauth.kdc import krb5conf

# Variables that change what libkrb5 and the GSSAPI mechglue do and that we neither want nor set.
_UNWANTED: Final = (
    "KRB5_TRACE",
    "KRB5RCACHETYPE",
    "KRB5RCACHEDIR",
    "KRB5_KDC_PROFILE",
    "GSS_USE_PROXY",
    "GSSPROXY_BEHAVIOR",
)


def isolate() -> None:
    """Keep this process's libkrb5 away from the machine's settings, for work that needs none: reading keytabs."""
    for name in _UNWANTED:
        os.environ.pop(name, None)
    os.environ.update({"KRB5_CONFIG": os.devnull, "GSS_MECH_CONFIG": os.devnull, "KRB5CCNAME": "MEMORY:kerbauth-has-no-default-cache"})


class RuntimeFolderError(Exception):
    """The runtime folder cannot be used safely. The message says why and what to do."""


class KerberosRuntime:
    """The runtime folder with its krb5.conf and replay cache, and the environment that names them.

    The environment is the whole process's and is read by libkrb5 at each call, so it is set once, before any thread starts. A folder
    that we made ourselves is removed by `close`; a given one is kept, and with it the replay cache.
    """

    def __init__(self, folder: Path, *, remove: bool) -> None:
        """Lock the folder. Raises RuntimeFolderError if somebody else has it."""
        self.folder = folder
        self._remove = remove
        self._lock = _locked(folder)

    @classmethod
    def open(cls, folder: Path | None) -> Self:
        """Use `folder` (made if missing, mode 0700), or a new private one. Raises RuntimeFolderError."""
        if folder is None:
            return cls(Path(tempfile.mkdtemp(prefix="kerbauth-")), remove=True)
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            status = folder.stat(follow_symlinks=False)
        except OSError as error:
            msg = f"the runtime folder {folder} cannot be made or read: {error.strerror}"
            raise RuntimeFolderError(msg) from error
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
            msg = f"the runtime folder {folder} must be a folder that belongs to the service's user and that nobody else can write"
            raise RuntimeFolderError(msg)
        return cls(folder, remove=False)

    def write_config(self) -> None:
        """Write krb5.conf, atomically; one that is right already stays. Raises ValueError (see krb5conf.render) or RuntimeFolderError."""
        plugins = self.folder / "plugins"
        text = krb5conf.render(plugins.resolve())
        target = self.folder / "krb5.conf"
        try:
            _offer_preauthentication(plugins)
            (self.folder / "mech.conf").write_text("", encoding="ascii")
            if target.exists() and target.read_text(encoding="ascii", errors="replace") == text:
                return
            descriptor, name = tempfile.mkstemp(prefix="krb5.conf.", dir=self.folder)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(text)
            Path(name).replace(target)
        except OSError as error:
            msg = f"the runtime folder {self.folder} cannot be written: {error.strerror}"
            raise RuntimeFolderError(msg) from error

    def activate(self) -> None:
        """Point this process's libkrb5 and GSSAPI at the runtime folder and away from everything of the machine's."""
        for name in _UNWANTED:
            os.environ.pop(name, None)
        os.environ.update(self.environment())

    def environment(self) -> dict[str, str]:
        """The variables `activate` sets."""
        nothing = f"FILE:{self.folder / 'no-such-file'}"
        return {
            "KRB5_CONFIG": str(self.folder / "krb5.conf"),
            "KRB5CCNAME": "MEMORY:kerbauth-has-no-default-cache",
            "KRB5_KTNAME": nothing,  # no keytab of the machine's is a default
            "KRB5_CLIENT_KTNAME": nothing,  # an initiator never takes keys that happen to lie about
            "KRB5RCACHENAME": f"file2:{self.folder / 'replay.rcache2'}",
            "GSS_MECH_CONFIG": str(self.folder / "mech.conf"),  # empty: no plug-in mechanism (NTLM, NegoEx) of /etc/gss is loaded
            "SSSD_KRB5_LOCATOR_DISABLE": "1",  # SSSD's locator plug-in is asked before the profile (sssd_krb5_locator_plugin(8))
        }

    def leave_to_parent(self) -> None:
        """In a forked process: the lock is the parent's, and ends with it."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def close(self) -> None:
        """Give the folder up, and remove it if we made it."""
        self.leave_to_parent()
        if self._remove:
            shutil.rmtree(self.folder, ignore_errors=True)


def _locked(folder: Path) -> int:
    """A descriptor with which the folder is ours alone: two services with one folder would write each other's krb5.conf and counts. It also
    keeps systemd's cleaning of old files away from it (tmpfiles.d(5), "Age").
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        msg = f"the runtime folder {folder} cannot be opened: {error.strerror}"
        raise RuntimeFolderError(msg) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        msg = f"the runtime folder {folder} belongs to a kerbauth service that runs; stop it, or give this one a folder of its own"
        raise RuntimeFolderError(msg) from error
    return descriptor


def _offer_preauthentication(plugins: Path) -> None:
    """Make a plug-in folder with the machine's pre-authentication modules (SPAKE is one on Debian) and no others.

    KDC locator plug-ins (SSSD's, winbind's) are asked before the profile and would name KDCs that nobody configured here.
    """
    plugins.mkdir(mode=0o700, exist_ok=True)
    library, link = _libkrb5(), plugins / "preauth"
    installed = library.parent / "krb5" / "plugins" / "preauth" if library else None
    if installed is not None and installed.is_dir() and not link.is_symlink():
        link.symlink_to(installed)


def libkrb5_version() -> str:
    """The release of the libkrb5 in this process, as it names itself, or `unknown`."""
    # libkrb5 offers no function for it; the release is a string in its read-only data (lib/krb5/krb/brand.c).
    library = _libkrb5()
    found = re.search(rb"KRB5_BRAND: krb5-\S+ (\S+)", library.read_bytes()) if library else None
    return found[1].decode("ascii", "replace") if found else "unknown"


def reseed() -> bool:
    """Give this process's libkrb5 random numbers of its own: call it in a forked process. Whether it was done: not without a libkrb5.

    Before release 1.20 its generator adds nothing but the process id after a fork (lib/crypto/krb/prng_fortuna.c), and an id comes back;
    later releases ask the kernel each time, and this does nothing.
    """
    library = _loaded("libk5crypto")
    if library is None:
        return False
    added = ctypes.c_int()  # release 1.20 writes there without looking whether there is a place
    return bool(ctypes.CDLL(str(library)).krb5_c_random_os_entropy(None, 0, ctypes.byref(added)) == 0)


def _libkrb5() -> Path | None:
    """The file of the libkrb5 in this process."""
    return _loaded("libkrb5")


def _loaded(name: str) -> Path | None:
    """The file of a library in this process."""
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
        file = line.rpartition(" ")[2]
        if f"/{name}.so." in file:
            return Path(file)
    return None
