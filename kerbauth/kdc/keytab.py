"""Keytab files: checked before anything is believed, shown without keys, and loaded into memory for the acceptor."""

import grp
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import krb5

from kerbauth.kdc.realm import KerberosRealm

PERMITTED_ENCTYPES: Final = {
    17: "aes128-cts-hmac-sha1-96",  # RFC 3962
    18: "aes256-cts-hmac-sha1-96",
    19: "aes128-cts-hmac-sha256-128",  # RFC 8009
    20: "aes256-cts-hmac-sha384-192",
}
_OTHER_ENCTYPES: Final = {
    1: "des-cbc-crc",
    3: "des-cbc-md5",
    16: "des3-cbc-sha1",
    23: "arcfour-hmac",
    25: "camellia128-cts-cmac",
    26: "camellia256-cts-cmac",
}


class KeytabError(Exception):
    """A keytab cannot be used. The message is one sentence that names the file, what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class KeytabKey:
    """One key of a keytab, without the key. `written` is the time stamp the key was written with (UTC)."""

    principal: str
    kvno: int
    enctype: int
    written: datetime

    @property
    def used(self) -> bool:
        """Whether the key is of an enctype that is used here: AES."""
        return self.enctype in PERMITTED_ENCTYPES

    @property
    def enctype_name(self) -> str:
        """The enctype's name as in krb5.conf(5), or its number (RFC 3961 registry)."""
        return PERMITTED_ENCTYPES.get(self.enctype) or _OTHER_ENCTYPES.get(self.enctype) or f"enctype {self.enctype}"


def list_keys(path: Path) -> tuple[KeytabKey, ...]:
    """What a keytab holds. Raises KeytabError if it cannot be read or holds nothing."""
    context = krb5.init_context()
    return tuple(
        KeytabKey(str(entry.principal), entry.kvno, entry.key.enctype, datetime.fromtimestamp(entry.timestamp, tz=UTC))
        for entry in _entries(context, path)
    )


def check(realm: KerberosRealm) -> tuple[str, ...]:
    """Check a realm's keytab: the file, who may read it, and the keys of our own principals and account.

    Gives the problems back that do not stop the start (an `also_accept` principal without a key is one that does). Raises KeytabError
    with one sentence for what does.
    """
    check_file(realm.keytab, realm.keytab_group)
    keys = list_keys(realm.keytab)
    used = dict.fromkeys(realm.services, "service") | ({realm.client: "account"} if realm.account is not None else {})
    for principal, setting in used.items():
        ours = [key for key in keys if key.principal == principal]
        if not ours:
            found = ", ".join(sorted({key.principal for key in keys}))
            msg = (
                f"the keytab {realm.keytab} holds no key of {principal}; it holds keys of: {found}. "
                f"Export the keytab for {principal}, or correct `{setting}` of realm {realm.name}"
            )
            raise KeytabError(msg)
        if not any(key.used for key in ours):
            weak = ", ".join(sorted({key.enctype_name for key in ours}))
            msg = f"the keytab {realm.keytab} holds no AES key of {principal}, only {weak}. Export it again with AES keys"
            raise KeytabError(msg)
    return tuple(
        f"the keytab {realm.keytab} holds {key.enctype_name} keys of {key.principal}; they are never used and should be removed"
        for key in keys
        if key.principal in used and not key.used
    )


def check_file(path: Path, group: str | None) -> None:
    """Refuse a keytab that others could read or replace. Raises KeytabError.

    It must be a regular file of ours with mode 0600 or 0400. Group read is allowed for `group`, and for any group inside systemd's
    $CREDENTIALS_DIRECTORY, which the service manager protects (systemd.exec(5), "Credentials").
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        msg = f"the keytab {path} is not there. Export it from the KDC, or correct `keytab`"
        raise KeytabError(msg) from None
    except OSError as error:
        msg = f"the keytab {path} cannot be read: {error.strerror}"
        raise KeytabError(msg) from error
    if not stat.S_ISREG(status.st_mode):
        msg = f"the keytab {path} is not a regular file"
        raise KeytabError(msg)
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    managed = credentials is not None and path.resolve().is_relative_to(Path(credentials).resolve())
    if status.st_uid not in ({os.geteuid(), 0} if managed else {os.geteuid()}):
        msg = f"the keytab {path} belongs to user id {status.st_uid}, not to the service's (user id {os.geteuid()}): chown it"
        raise KeytabError(msg)
    allowed = 0o640 if managed or (group is not None and _is_group(status.st_gid, group)) else 0o600
    if stat.S_IMODE(status.st_mode) & ~allowed:
        mode = stat.S_IMODE(status.st_mode)
        msg = f"the keytab {path} has mode {mode:04o}: others than the service could read or change it. Run: chmod 0600 {path}"
        raise KeytabError(msg)
    if not os.access(path, os.R_OK):
        msg = f"the keytab {path} cannot be read: permission denied"
        raise KeytabError(msg)


def _is_group(gid: int, name: str) -> bool:
    try:
        return grp.getgrnam(name).gr_gid == gid
    except KeyError:
        msg = f"the group {name!r} that `keytab_group` names does not exist"
        raise KeytabError(msg) from None


class MemoryKeytab:
    """A keytab in this process's memory, holding the AES keys of some principals of each realm and of no others.

    The file may hold more; what is not configured is not used. libkrb5 keeps a MEMORY keytab as long as a handle is open
    (lib/krb5/keytab/kt_memory.c), so this object must outlive every credential acquired from it.
    """

    def __init__(self, name: str, realms: Sequence[KerberosRealm], principals: Callable[[KerberosRealm], Sequence[str]]) -> None:
        """Load the keys of a realm's `principals`. `name` must be new in this process. Raises KeytabError."""
        self.name = f"MEMORY:{name}".encode()
        self._context = krb5.init_context()
        self._keytab = krb5.kt_resolve(self._context, self.name)
        for realm in realms:
            self._load(realm.keytab, principals(realm))

    def _load(self, path: Path, principals: Sequence[str]) -> None:
        for entry in _entries(self._context, path):
            if str(entry.principal) in principals and entry.key.enctype in PERMITTED_ENCTYPES:
                krb5.kt_add_entry(self._context, self._keytab, entry.principal, entry.kvno, entry.timestamp, entry.key)


def _entries(context: krb5.Context, path: Path) -> Iterator[krb5.KeyTabEntry]:
    """The file's entries, one at a time: an entry's key and principal must not be used after it is gone (krb5's documentation)."""
    count = 0
    try:
        for entry in krb5.kt_resolve(context, b"FILE:" + os.fsencode(path)):
            count += 1
            yield entry
    except krb5.Krb5Error as error:
        msg = f"the keytab {path} cannot be read as a keytab: {error}"
        raise KeytabError(msg) from error
    if count == 0:
        msg = f"the keytab {path} holds no keys"
        raise KeytabError(msg)
