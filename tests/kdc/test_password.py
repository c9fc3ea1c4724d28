"""A password login as the engine carries it out, with a KDC that says what it is told to."""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import krb5
import pytest

from kerbauth.core.codes import catalogue
from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Proof, Refused, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.kdc.asking import Asking
from kerbauth.kdc.cpu import Cpu
from kerbauth.kdc.opened import CLOCK_SKEW, Believing, not_of_now
from kerbauth.kdc.password import PasswordLogin
from kerbauth.kdc.realm import KerberosRealm
from tests.kdc import wire
from tests.kdc.behaviours import by_number, delayed, error, hang_up, preauth_required, silence
from tests.kdc.issuer import Issuer
from tests.kdc.scripted import Behaviour, ScriptedKdc, scripted_kdc

REALM = "KA.TEST"
ALICE = Principal(("alice",), REALM)
PASSWORD = Secret(b"canary-of-a-scripted-login")
KEYTAB = b"MEMORY:of-a-scripted-login"
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
async def login_at(*kdcs: ScriptedKdc | str) -> AsyncIterator[PasswordLogin]:
    addresses = tuple(kdc if isinstance(kdc, str) else kdc.address for kdc in kdcs)
    realm = KerberosRealm(REALM, addresses, Path(os.devnull), "HTTP/localhost", deadline=5.0)
    cpu = Cpu()
    asking = Asking(realm)
    await asking.begin()
    try:
        yield PasswordLogin(realm, asking.kdcs, cpu, KEYTAB, Believing({REALM: realm}))
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
async def test_a_kdc_that_gives_our_ticket_only_against_a_tgt_is_asked_for_one(code: int) -> None:
    proof, kdc = await outcome(by_number({1: error(code)}, otherwise=error(6)))
    assert isinstance(proof, Refused)
    assert proof.reason is Reason.UNKNOWN_USER
    assert [b"krbtgt" in asked.message for asked in kdc.asked] == [False, True]


async def test_a_refusal_to_give_our_ticket_directly_is_not_remembered_before_the_other_way_has_worked() -> None:
    with scripted_kdc(by_number({1: error(7)}, otherwise=error(6))) as kdc:
        async with login_at(kdc) as login:
            for _ in range(2):
                await login.verify(ALICE, PASSWORD, asyncio.get_running_loop().time() + 10)
    assert [b"krbtgt" in asked.message for asked in kdc.asked] == [False, True, False]


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


async def test_an_expiry_that_cannot_be_proved_for_want_of_the_service_is_not_told_as_proved() -> None:
    proof, _ = await outcome(by_number({1: error(23)}, otherwise=error(7)))
    assert isinstance(proof, Refused)
    assert (proof.reason, proof.proved) == (Reason.PASSWORD_EXPIRED, False)


async def test_trouble_while_an_expiry_is_proved_is_no_refusal() -> None:
    proof, _ = await outcome(by_number({1: error(23)}, otherwise=error(60)))
    assert isinstance(proof, Unavailable)
    assert (proof.reason, proof.pending) == (Reason.KDC_ERROR, False)


async def test_a_password_that_expired_by_the_word_of_a_kdc_that_had_checked_it_is_not_proved_again() -> None:
    proof, kdc = await outcome(by_number({1: ASKS}, otherwise=error(23)))
    assert isinstance(proof, Refused)
    assert (proof.reason, proof.proved) == (Reason.PASSWORD_EXPIRED, True)
    assert len(kdc.proofs) == 1


async def test_too_few_iterations_are_nobodys_wrong_password() -> None:
    weak = error(wire.PREAUTH_REQUIRED, wire.ErrorFields(realm=REALM, data=wire.preauth_wanted("salt", wire.iterations(1))))
    proof, kdc = await outcome(weak)
    assert isinstance(proof, Unavailable)
    assert (proof.reason, proof.alarm) == (Reason.KDC_NOT_TRUSTED, True)
    assert kdc.proofs == []


async def test_a_refusal_beside_which_nothing_can_be_read_is_one_all_the_same() -> None:
    proof, kdc = await outcome(by_number({1: ASKS}, otherwise=error(24, wire.ErrorFields(data=b"no DER"))))
    assert isinstance(proof, Refused)
    assert proof.reason is Reason.BAD_CREDENTIALS
    assert len(kdc.proofs) == 1


@pytest.mark.parametrize("behaviour", [hang_up, ASKS], ids=["the connection is lost", "it asks again"])
async def test_a_proof_of_which_no_word_came_is_pending(behaviour: Behaviour) -> None:
    proof, kdc = await outcome(by_number({1: ASKS}, otherwise=behaviour))
    assert isinstance(proof, Unavailable)
    assert proof.pending
    assert len({asked.message for asked in kdc.proofs}) == 1


@pytest.mark.parametrize("code", [25, 90, 91])
async def test_a_late_word_that_only_asks_for_more_is_no_refusal(code: int) -> None:
    told: asyncio.Queue[Proof] = asyncio.Queue()
    with scripted_kdc(by_number({1: ASKS}, otherwise=delayed(1.0, error(code)))) as kdc:
        async with login_at(kdc) as login:
            await login.verify(ALICE, PASSWORD, asyncio.get_running_loop().time() + 0.5, told.put_nowait)
            async with asyncio.timeout(10):
                late = await told.get()
    assert isinstance(late, Unavailable)


async def test_a_request_without_a_proof_is_nothing_to_wait_for() -> None:
    told: list[Proof] = []
    proof, kdc = await outcome(by_number({1: error(7), 2: silence}, otherwise=silence), 0.5, told.append)
    assert isinstance(proof, Unavailable)
    assert (proof.pending, kdc.proofs, told) == (False, [], [])


@contextmanager
def gone_after_one_answer(answer: bytes) -> Iterator[str]:
    """The address of a KDC that answers one datagram and is not there any more."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(("127.0.0.1", 0))

        def serve() -> None:
            _, peer = ours.recvfrom(65_535)
            ours.sendto(answer, peer)
            ours.close()

        serving = threading.Thread(target=serve)
        serving.start()
        yield f"127.0.0.1:{ours.getsockname()[1]}"
        serving.join()


async def test_a_kdc_that_is_gone_before_it_was_sent_the_proof_is_not_the_last() -> None:
    asks = wire.krb_error(wire.PREAUTH_REQUIRED, wire.ErrorFields(realm=REALM, data=wire.preauth_wanted(f"{REALM}alice")))
    with gone_after_one_answer(asks) as first, scripted_kdc(error(24)) as second:
        async with login_at(first, second) as login:
            proof = await login.verify(ALICE, PASSWORD, asyncio.get_running_loop().time() + 10)
    assert isinstance(proof, Refused)
    assert proof.reason is Reason.BAD_CREDENTIALS
    assert len(second.proofs) == 1


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


@pytest.fixture
def service_key() -> Iterator[bytes]:
    """Our own key, which is in the keytab."""
    context, key = krb5.init_context(), os.urandom(32)
    keytab = krb5.kt_resolve(context, KEYTAB)
    krb5.kt_add_entry(
        context, keytab, krb5.parse_name_flags(context, b"HTTP/localhost@KA.TEST"), 1, 0, krb5.init_keyblock(context, 18, key)
    )
    yield key
    del keytab  # it is there as long as somebody holds it


@pytest.mark.parametrize(("days", "expected"), [(0, "granted"), (1, Reason.SERVER_CLOCK), (400, Reason.SERVER_CLOCK)])
async def test_an_old_ticket_with_an_answer_of_its_time_lets_nobody_in(service_key: bytes, days: int, expected: str) -> None:
    issued = datetime.now(UTC) - timedelta(days=days)
    issuer = Issuer(REALM, "alice", ("HTTP", "localhost"), service_key, PASSWORD.reveal(), issued)
    proof, _ = await outcome(issuer.behaviour())
    assert (proof.reason if isinstance(proof, Refused | Unavailable) else "granted") == expected


def test_a_ticket_of_this_login_is_of_now_by_our_clock() -> None:
    began, now = 1000.0, 1005.0
    for authtime in (began - CLOCK_SKEW, began, now + CLOCK_SKEW):
        assert not_of_now(int(authtime), began, now) is None


@pytest.mark.parametrize(("authtime", "words"), [(100, "905 seconds behind our clock"), (1400, "395 seconds ahead of our clock")])
def test_an_old_ticket_and_one_of_the_future_prove_nothing(authtime: int, words: str) -> None:
    proof = not_of_now(authtime, 1000.0, 1005.0)
    assert proof is not None
    assert (proof.reason, proof.stage, proof.alarm) == (Reason.SERVER_CLOCK, Stage.VERIFY, True)
    assert words in proof.diagnostic
