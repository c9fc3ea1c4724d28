"""The audit's secret: from it come the key of the chain and the key with which unknown names are hashed."""

import contextlib
import logging
import os
import secrets
from pathlib import Path
from typing import Final

from kerbauth.core.secret import Secret
from kerbauth.ports import AuditError
from kerbauth.settings.secret_files import KEY_MINIMUM, SecretFileError, read_key_file

_log: Final = logging.getLogger(__name__)


def audit_secret(path: Path | None) -> Secret:
    """The secret in the file `path`, which is made, with mode 0600 and 256 random bits, if it is not there. Raises AuditError.

    Without a path (standard output has no folder to keep a key in) it is made for this process and its children, and gone with them.
    Processes that start at the same time agree: the file appears whole or not at all, and whoever comes second takes the first one's.
    """
    if path is None:
        return Secret(secrets.token_bytes(KEY_MINIMUM))
    if not os.path.lexists(path):
        _make(path)
    return existing_secret(path)


def existing_secret(path: Path) -> Secret:
    """The secret in a file that is there. Raises AuditError."""
    try:
        return read_key_file(path)
    except SecretFileError as error:
        msg = f"audit.key_file {path}: {error}"
        raise AuditError(msg) from error


def _make(path: Path) -> None:
    """Put a new key there, unless there is one by now."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with contextlib.ExitStack() as undo:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            undo.callback(draft.unlink)
            undo.callback(os.close, descriptor)
            os.write(descriptor, secrets.token_hex(KEY_MINIMUM).encode() + b"\n")
            os.fsync(descriptor)
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(draft)  # unlike a rename it never replaces another's key (link(2))
                _log.info("a new audit key was made: %s. Keep a copy: without it nobody can verify the audit file", path)
    except OSError as error:
        msg = f"audit.key_file {path}: the key cannot be made: {error.strerror}"
        raise AuditError(msg) from error
