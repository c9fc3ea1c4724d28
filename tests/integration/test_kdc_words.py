"""What a real MIT KDC answers a request without a password, and what is read out of it."""

import os
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import krb5
import pytest

from kerbauth.core.codes.model import Stage
from kerbauth.core.reasons import Reason
from kerbauth.demo.principals import Policy, RealmDescription, Service, User
from kerbauth.kdc.protocol.framing import whole
from kerbauth.kdc.protocol.key_info import key_infos
from kerbauth.kdc.protocol.krb_error import KrbError, read_krb_error
from kerbauth.kdc.protocol.reason import reason_of
from kerbauth.kdc.protocol.string_to_key import string_to_key
from tests.integration.kdc import LabRealm
from tests.kdc.protocol.messages import as_req

PASSWORD = "canary-K9-Passw0rd"
WORDS = RealmDescription(
    "KW.TEST",
    (
        User("good", PASSWORD),
        User("disabled", PASSWORD, ("-allow_tix",)),
        User("locked", PASSWORD, policy="once"),
        User("gone", PASSWORD, expires="yesterday"),
        User("expired", PASSWORD, password_expires="yesterday"),
        User("mustchange", PASSWORD, ("+needchange",)),
    ),
    (Service("HTTP/localhost"),),
    (Policy("once", ("-maxfailure", "1", "-failurecountinterval", "60s")),),
    lockout=True,
)


@pytest.fixture(scope="module")
def kdc() -> Iterator[LabRealm]:
    with LabRealm(WORDS) as running:
        environment = {**os.environ, "KRB5_CONFIG": str(running.client_config)}
        subprocess.run(["kinit", "locked@KW.TEST"], input=b"wrong\n", env=environment, capture_output=True, check=False)
        yield running


def asked(kdc: LabRealm, request: bytes) -> bytes:
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.settimeout(10)
        udp.sendto(request, ("127.0.0.1", kdc.port))
        return udp.recv(65_535)


def refused(kdc: LabRealm, request: bytes) -> KrbError:
    answer = asked(kdc, request)
    error = read_krb_error(answer)
    assert error is not None
    assert whole(answer)
    assert key_infos(answer) is not None
    return error


@pytest.mark.parametrize(
    ("user", "word", "reason"),
    [
        ("nobody", "CLIENT_NOT_FOUND", Reason.UNKNOWN_USER),
        ("disabled", "CLIENT LOCKED OUT", Reason.ACCOUNT_DISABLED),
        ("locked", "LOCKED_OUT", Reason.ACCOUNT_LOCKED),
        ("gone", "CLIENT EXPIRED", Reason.ACCOUNT_EXPIRED),
        ("expired", "CLIENT KEY EXPIRED", Reason.PASSWORD_EXPIRED),
        ("mustchange", "REQUIRED PWCHANGE", Reason.PASSWORD_MUST_CHANGE),
    ],
)
def test_the_exact_reason_comes_from_the_kdcs_status_word(kdc: LabRealm, user: str, word: str, reason: Reason) -> None:
    error = refused(kdc, as_req("KW.TEST", user))
    assert error.text == word
    assert reason_of(Stage.AS, error)[0] is reason


def test_an_account_without_a_key_of_the_enctype_is_one_with_the_wrong_keys(kdc: LabRealm) -> None:
    assert reason_of(Stage.AS, refused(kdc, as_req("KW.TEST", "good", enctypes=(23,))))[0] is Reason.ACCOUNT_KEYS


def test_the_kdcs_clock_is_read(kdc: LabRealm) -> None:
    assert abs(refused(kdc, as_req("KW.TEST", "good")).server_time - datetime.now(UTC)) < timedelta(seconds=10)


def test_the_kdc_names_the_salt_and_the_key_is_the_users(kdc: LabRealm) -> None:
    (info,) = key_infos(asked(kdc, as_req("KW.TEST", "good"))) or ()
    keytab = kdc.export("good", kdc.folder / "good.keytab")
    (key,) = [
        bytes(entry.key.data)
        for entry in krb5.kt_resolve(krb5.init_context(), f"FILE:{keytab}".encode())
        if entry.key.enctype == info.enctype
    ]
    assert string_to_key(info, PASSWORD.encode(), b"KW.TESTgood") == key
    assert info.salt == b"KW.TESTgood"
