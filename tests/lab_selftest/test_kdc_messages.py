"""What a scripted KDC sends is what MIT's own client and another decoder read."""

import re
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from spnego._kerberos import KerberosErrorCode

from tests.kdc import wire
from tests.kdc.behaviours import (
    error,
    preauth_required,
    relay,
)
from tests.kdc.scripted import scripted_kdc
from tests.lab_selftest.kdc_clients import NAME, decoded, kinit


def test_mits_client_reads_the_code_of_every_krb_error(tmp_path: Path) -> None:
    with scripted_kdc(relay) as kdc:
        for code in set(range(128)) - {29}:  # at SVC_UNAVAILABLE it asks again, for half a minute: lib/krb5/os/sendto_kdc.c
            kdc.behaviour = error(code, wire.ErrorFields(realm=NAME, text="WORDS", data=b"no METHOD-DATA"))
            status, said = kinit(kdc, tmp_path)
            assert (status, re.findall(r"Received error from KDC: (-?\d+)", said)[:1]) == (1, [str(code - 1765328384)]), (code, said)


@given(
    code=st.sampled_from([int(code) for code in KerberosErrorCode if code < 128]),  # others it has no name for, and refuses
    text=st.none() | st.text(st.characters(codec="utf-8"), max_size=300),
    data=st.none() | st.binary(max_size=70_000),
    client_realm=st.none() | st.just("ELSE.TEST"),
    at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),  # noqa: DTZ001 - hypothesis wants naive bounds
)
def test_another_decoder_reads_every_field_of_a_krb_error(
    code: int, text: str | None, data: bytes | None, client_realm: str | None, at: datetime
) -> None:
    fields = wire.ErrorFields(realm=NAME, server=("HTTP", "localhost"), text=text, data=data, at=at, client_realm=client_realm)
    read = decoded(wire.krb_error(code, fields))
    assert (int(read.error_code), read.e_data, read.realm, read.sname.value) == (code, data, NAME.encode(), [b"HTTP", b"localhost"])
    assert (read.e_text, read.crealm) == (text.encode() if text is not None else None, client_realm and client_realm.encode())
    assert read.stime.replace(tzinfo=UTC, microsecond=read.susec) == at


def test_mits_client_reads_salt_and_iterations_that_the_scripted_kdc_asks_for(tmp_path: Path) -> None:
    with scripted_kdc(preauth_required(NAME, "the-salt", wire.iterations(0x1001))) as kdc:
        status, said = kinit(kdc, tmp_path)
    assert status == 1
    assert 'etype aes256-cts, salt "the-salt", params "\\x00\\x00\\x10\\x01"' in said
    assert kdc.proofs, "the client proved its password under that key"


def test_an_ntstatus_has_the_bytes_that_active_directory_sends() -> None:
    # MS-KILE 2.2.1 and 2.2.2; the same 11 bytes before it are what SSSD looks for (krb5_child.c).
    status = bytes.fromhex("72 00 00 c0 00 00 00 00 01 00 00 00")
    assert wire.kerb_error_data(0xC0000072) == bytes.fromhex("30 15 a1 03 02 01 03 a2 0e 04 0c") + status
    assert wire.status_in_method_data(0xC0000072) == b"\x30\x17" + wire.kerb_error_data(0xC0000072)


@given(st.binary(max_size=100))
def test_whatever_it_is_sent_has_pre_authentication_data_or_none(data: bytes) -> None:
    assert wire.padata_types(data) == frozenset() or wire.message_type(data) > 0
