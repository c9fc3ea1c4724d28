"""A password login as the engine carries it out, with a KDC that says what it is told to."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kerbauth.core.codes import catalogue
from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Proof, Proved, Refused, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.kdc.asking import Asking
from kerbauth.kdc.cpu import Cpu
from kerbauth.kdc.password import PasswordLogin, believed
from kerbauth.kdc.realm import KerberosRealm
from tests.kdc import wire
from tests.kdc.behaviours import by_number, delayed, error, preauth_required, silence
from tests.kdc.scripted import Behaviour, ScriptedKdc, scripted_kdc

REALM = "KA.TEST"
ALICE = Principal(("alice",), REALM)
PASSWORD = Secret(b"canary-of-a-scripted-login")
ASKS = preauth_required(REALM, f"{REALM}alice")


@pytest.fixture(autouse=True)
def configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    conf = tmp_path / "krb5.conf"
    conf.write_text(
        "[libdefaults]\ndns_lookup_kdc = false\ndns_canonicalize_hostname = false\npermitted_enctypes = aes256-cts aes128-cts\n"
    )
    monkeypatch.setenv("KRB5_CONFIG", str(conf))
    return conf


@asynccontextmanager
async def login_at(kdc: ScriptedKdc) -> AsyncIterator[PasswordLogin]:
    realm = KerberosRealm(REALM, (kdc.address,), Path(os.devnull), "HTTP/localhost", deadline=5.0)
    cpu = Cpu()
    asking = Asking(realm, cpu)
    await asking.begin()
    try:
        yield PasswordLogin(realm, asking.kdcs, cpu, b"MEMORY:of-nobody")
    finally:
        await asking.kdcs.close()
        cpu.close()


async def outcome(behaviour: Behaviour, seconds: float = 10.0, late: Callable[[Proof], None] | None = None) -> tuple[Proof, ScriptedKdc]:
    with scripted_kdc(behaviour) as kdc:
        async with login_at(kdc) as login:
            return await login.verify(ALICE, PASSWORD, asyncio.get_running_loop().time() + seconds, late), kdc


async def test_a_wrong_password_is_refused_after_one_proof() -> None:
    proof, kdc = await outcome(by_number({1: ASKS}, otherwise=error(24)))
    assert isinstance(proof, Refused)
    assert (proof.reason, proof.stage, proof.proved) == (Reason.BAD_CREDENTIALS, Stage.AS, False)
    assert len(kdc.proofs) == 1


@pytest.mark.parametrize("code", [7, 13, 27])
async def test_a_kdc_that_gives_our_ticket_only_against_a_tgt_is_asked_for_one_from_then_on(code: int) -> None:
    with scripted_kdc(by_number({1: error(code)}, otherwise=error(6))) as kdc:
        async with login_at(kdc) as login:
            for _ in range(2):
                proof = await login.verify(ALICE, PASSWORD, asyncio.get_running_loop().time() + 10)
                assert isinstance(proof, Refused)
                assert proof.reason is Reason.UNKNOWN_USER
            assert login.direct is False
    services = [b"krbtgt" in asked.message for asked in kdc.asked]
    assert services == [False, True, True]


async def test_a_service_that_is_unknown_after_the_password_has_left_is_not_asked_for_in_another_way() -> None:
    proof, kdc = await outcome(by_number({1: ASKS}, otherwise=error(7)))
    assert isinstance(proof, Unavailable)
    assert len(kdc.proofs) == 1


async def test_an_enctype_of_the_librarys_is_left_to_it_and_costs_no_second_proof() -> None:
    named = error(wire.PREAUTH_REQUIRED, wire.ErrorFields(realm=REALM, data=wire.preauth_wanted("salt", wire.iterations(4097)[:3])))
    proof, kdc = await outcome(by_number({1: named, 2: ASKS}, otherwise=error(24)))
    assert isinstance(proof, Refused)
    assert proof.reason is Reason.BAD_CREDENTIALS
    assert len(kdc.proofs) == 1
    assert [asked.proves_a_password for asked in kdc.asked] == [False, False, True]


async def test_an_expired_password_that_is_wrong_is_wrong() -> None:
    proof, kdc = await outcome(by_number({1: error(23), 2: ASKS}, otherwise=error(24)))
    assert isinstance(proof, Refused)
    assert (proof.reason, proof.stage) == (Reason.BAD_CREDENTIALS, Stage.CHANGEPW_PROOF)
    assert proof.codes == (catalogue.krb_error(24), catalogue.krb_error(23))
    assert len(kdc.proofs) == 1


async def test_an_expiry_that_cannot_be_proved_is_not_told_as_proved() -> None:
    proof, _ = await outcome(by_number({1: error(23)}, otherwise=error(60)))
    assert isinstance(proof, Refused)
    assert (proof.reason, proof.proved) == (Reason.PASSWORD_EXPIRED, False)


async def test_what_a_kdc_says_after_the_deadline_is_told_later() -> None:
    told: asyncio.Queue[Proof] = asyncio.Queue()
    with scripted_kdc(by_number({1: ASKS}, otherwise=delayed(1.0, error(24)))) as kdc:
        async with login_at(kdc) as login:
            proof = await login.verify(ALICE, PASSWORD, asyncio.get_running_loop().time() + 0.5, told.put_nowait)
            assert isinstance(proof, Unavailable)
            assert (proof.reason, proof.pending) == (Reason.KDC_UNREACHABLE, True)
            async with asyncio.timeout(10):
                late = await told.get()
    assert isinstance(late, Refused)
    assert late.reason is Reason.BAD_CREDENTIALS
    assert len({asked.message for asked in kdc.proofs}) == 1


async def test_a_silent_kdc_ends_a_login_at_its_deadline_and_nothing_is_pending() -> None:
    proof, kdc = await outcome(silence, seconds=0.5)
    assert isinstance(proof, Unavailable)
    assert (proof.reason, proof.pending) == (Reason.KDC_UNREACHABLE, False)
    assert kdc.proofs == []


@pytest.fixture
def broken(configuration: Path) -> None:
    configuration.write_text("[libdefaults\n")


@pytest.mark.usefixtures("broken")
async def test_a_library_that_cannot_be_used_is_our_own_trouble() -> None:
    proof, kdc = await outcome(silence)
    assert isinstance(proof, Unavailable)
    assert proof.reason is Reason.INTERNAL
    assert kdc.asked == []


@pytest.mark.parametrize(
    ("client", "service", "expected"),
    [
        (b"alice@KA.TEST", b"HTTP/x@KA.TEST", Proved(ALICE)),
        (b"alice@KB.TEST", b"HTTP/x@KA.TEST", Reason.WRONG_REALM),
        (b"alice", b"HTTP/x@KA.TEST", Reason.NO_USER_MAPPING),
        (b"\xff@KA.TEST", b"HTTP/x@KA.TEST", Reason.NO_USER_MAPPING),
    ],
)
def test_a_kdc_vouches_for_users_of_its_own_realm_only(client: bytes, service: bytes, expected: Proof | Reason) -> None:
    proof = believed(client, service, Stage.VERIFY)
    assert (proof.reason if isinstance(proof, Refused) else proof) == expected
