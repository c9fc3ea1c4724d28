"""Keytabs of a domain's accounts. Samba exports RC4 keys along with the others; our service has none."""

from pathlib import Path

import krb5

AES = frozenset({17, 18})  # aes128-cts-hmac-sha1-96 and aes256-cts-hmac-sha1-96 (RFC 3962 section 7)
_NO_ENTRY = b"\x05\x02"  # a keytab's version, and nothing after it


def copy_keys(exported: Path, kept: Path, enctypes: frozenset[int] = AES, after: Path | None = None) -> None:
    """Write a new keytab that only its owner reads: all keys of the keytab `after`, then those of `exported` that are of these enctypes."""
    context = krb5.init_context()
    kept.touch(mode=0o600, exist_ok=False)
    kept.write_bytes(_NO_ENTRY)
    target = krb5.kt_resolve(context, bytes(kept))
    entries = list(krb5.kt_resolve(context, bytes(after))) if after else []
    entries += [entry for entry in krb5.kt_resolve(context, bytes(exported)) if entry.key.enctype in enctypes]
    for entry in entries:
        krb5.kt_add_entry(context, target, entry.principal, entry.kvno, entry.timestamp, entry.key)
