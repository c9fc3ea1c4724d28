"""A verifier that follows another goes on with its slots, so that calls under way still count."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.verifier import KerberosVerifier

REALM = KerberosRealm("KA.TEST", ("127.0.0.1:88",), Path("x.keytab"), "HTTP/localhost")
NO_KEYS: Any = SimpleNamespace(keytab=b"MEMORY:none", believing=None)  # slots need none


def test_a_realm_whose_limits_stay_keeps_its_slots() -> None:
    before = KerberosVerifier([REALM], NO_KEYS)
    after = KerberosVerifier([replace(REALM, deadline=9.0)], NO_KEYS, before)
    assert after.slots(REALM) is before.slots(REALM)
    assert before.slots(REALM) is not None


def test_a_realm_whose_limits_change_and_a_new_one_get_slots_of_their_own() -> None:
    before = KerberosVerifier([REALM], NO_KEYS)
    changed, new = replace(REALM, max_concurrent=5), replace(REALM, name="KB.TEST")
    after = KerberosVerifier([changed, new], NO_KEYS, before)
    assert after.slots(changed) not in {None, before.slots(REALM)}
    assert after.slots(new) not in {None, before.slots(REALM)}
    assert after.slots(REALM) is None
