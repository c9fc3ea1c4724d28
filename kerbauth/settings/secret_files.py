"""Secrets come from files only: read them, and refuse files that others could read or replace."""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kerbauth.core.secret import Secret

TOKEN_MINIMUM: Final = 32  # characters; 32 random hexadecimal digits are 128 bits
KEY_MINIMUM: Final = 32  # bytes; RFC 2104 section 3 advises against keys that are shorter than the hash
_TOKEN: Final = re.compile(rb"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 2.1, b64token: what can be sent as a Bearer token at all
_SIZE_LIMIT: Final = 65536  # bytes; no secret is that long, and a device file would never end


class SecretFileError(Exception):
    """A secret's file cannot be used. The message says why and what to do; it repeats neither the path, which may be the secret
    itself in the wrong setting, nor what the file holds.
    """


def read_secret_file(path: Path, environ: Mapping[str, str] | None = None) -> Secret:
    """Read a secret: the file's bytes without one line end at their end. Raises SecretFileError.

    The file must be a regular file, not empty, of the service's own user or root's, and neither readable nor writable for anybody
    else. Inside systemd's $CREDENTIALS_DIRECTORY (looked up in `environ`, by default the process's) a group may read it: the
    service manager protects the folder (systemd.exec(5), "Credentials").
    """
    variables = os.environ if environ is None else environ
    try:
        with open(path, "rb", buffering=0, opener=_opener) as file:
            _check(os.fstat(file.fileno()), managed=_is_credential(path, variables))
            content = file.read(_SIZE_LIMIT + 1)
    except FileNotFoundError:
        msg = "the file it names is not there. Create it, or correct the path (a relative one starts at the configuration file's folder)"
        raise SecretFileError(msg) from None
    except OSError as error:
        msg = f"the file it names cannot be read: {error.strerror}"
        raise SecretFileError(msg) from None
    if len(content) > _SIZE_LIMIT:
        msg = f"the file it names is larger than {_SIZE_LIMIT} bytes; that is no secret"
        raise SecretFileError(msg)
    value = content.removesuffix(b"\n").removesuffix(b"\r")
    if not value:
        msg = "the file it names is empty"
        raise SecretFileError(msg)
    return Secret(value)


def read_token_file(path: Path, environ: Mapping[str, str] | None = None) -> Secret:
    """Read a client's token: a secret that can be sent as a Bearer token and is long enough. Raises SecretFileError."""
    token = read_secret_file(path, environ)
    advice = "Make one with: openssl rand -hex 32"
    if not _TOKEN.fullmatch(token.reveal()):
        msg = f"the token must be one line made of A-Z a-z 0-9 . _ ~ + / - and may end in = (RFC 6750 section 2.1). {advice}"
        raise SecretFileError(msg)
    if len(token) < TOKEN_MINIMUM:
        msg = f"the token has {len(token)} characters; expected at least {TOKEN_MINIMUM}, made at random. {advice}"
        raise SecretFileError(msg)
    return token


def read_key_file(path: Path, environ: Mapping[str, str] | None = None) -> Secret:
    """Read a key for keyed hashes: a secret that is long enough. Raises SecretFileError."""
    key = read_secret_file(path, environ)
    if len(key) < KEY_MINIMUM:
        msg = f"the key has {len(key)} bytes; expected at least {KEY_MINIMUM}, made at random. Make one with: openssl rand -hex 32"
        raise SecretFileError(msg)
    return key


def _opener(path: str, flags: int) -> int:
    # a named pipe must not hold the start up; on a regular file O_NONBLOCK does nothing (open(2))
    return os.open(path, flags | os.O_NONBLOCK)


def _is_credential(path: Path, environ: Mapping[str, str]) -> bool:
    folder = environ.get("CREDENTIALS_DIRECTORY")
    return bool(folder) and path.resolve().is_relative_to(Path(str(folder)).resolve())


def _check(status: os.stat_result, *, managed: bool) -> None:
    """Refuse what is no regular file, belongs to another user, or can be read or changed by others."""
    if not stat.S_ISREG(status.st_mode):
        msg = "what it names is not a regular file"
        raise SecretFileError(msg)
    if status.st_uid not in {os.geteuid(), 0}:
        msg = f"the file it names belongs to user id {status.st_uid}, who can replace it; it must be the service's (user id {os.geteuid()})"
        raise SecretFileError(msg)
    mode = stat.S_IMODE(status.st_mode)
    if mode & ~(0o750 if managed else 0o700):
        msg = f"the file it names has mode {mode:04o}: others than the service could read or change it. Run: chmod 0600 on it"
        raise SecretFileError(msg)
