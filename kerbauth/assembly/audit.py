"""What the command line does with the audit file."""

from collections.abc import Sequence
from pathlib import Path

from kerbauth.assembly.realms import realm_directory
from kerbauth.core.audit_chain import ChainKey, Link
from kerbauth.core.audit_names import AuditNames
from kerbauth.core.secret import Secret
from kerbauth.observe.audit_check import Checked, check_configured, check_named
from kerbauth.observe.audit_key import existing_secret
from kerbauth.ports import AuditError
from kerbauth.settings import STANDARD_OUTPUT, Settings


def verify_audit(settings: Settings, files: Sequence[Path], anchors: Sequence[Link], key_files: Sequence[Path]) -> Checked:
    """Verify the configured audit file with its rotated ones, or these files. `key_files` are earlier keys. Raises AuditError."""
    keys = [ChainKey(secret) for secret in (_secret(settings), *map(existing_secret, key_files))]
    if files:
        return check_named(files, keys, anchors)
    if settings.audit.file == STANDARD_OUTPUT:
        msg = "audit.file is standard output, where lines have no chain: there is nothing to verify"
        raise AuditError(msg)
    return check_configured(settings.audit.file, keys, anchors)


def hashed_name(settings: Settings, typed: str) -> str:
    """What a name that somebody types is written as while no KDC has confirmed it. Raises AuditError."""
    return AuditNames(_secret(settings)).hashed_as_typed(typed, realm_directory(settings))


def _secret(settings: Settings) -> Secret:
    if settings.audit.key_file is None:
        msg = "there is no audit key to work with: with standard output, set audit.key_file"
        raise AuditError(msg)
    return existing_secret(settings.audit.key_file)
