"""Whose account a login is about: who is told so, when, and what comes of it. With a KDC that says what it is told to."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from kerbauth import proving
from kerbauth.assembly.throttling import throttle_of
from kerbauth.attempt import Caller
from kerbauth.attempt import PasswordLogin as Request
from kerbauth.core.audit import Door, Origin
from kerbauth.core.codes.model import Stage
from kerbauth.core.disclosure import Disclosure, told_refusal
from kerbauth.core.outcome import Proof, Refused, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.kdc import old_password
from kerbauth.kdc.password import PasswordLogin, Referral
from kerbauth.ports import Admitted, Recognise, TokenAnswer
from kerbauth.settings import ThrottleSettings
from kerbauth.throttle.keeper import PasswordThrottle
from tests.kdc import wire
from tests.kdc.behaviours import by_number, error, preauth_required, proves_a_password, where
from tests.kdc.scripted import Behaviour, ScriptedKdc, scripted_kdc
from tests.kdc.test_password import ALICE, ASKS, PASSWORD, REALM, configuration, login_at

__all__ = ["configuration"]

ALIAS = Principal(("a.smith",), REALM)
WRONG = where(proves_a_password, error(24), ASKS)
"""Every password is wrong, and every name one of alice's."""
HELD = Refused(Reason.THROTTLED, Stage.AS, retry_after=60.0)


@dataclass
class Leave:
    """Gives leave, or what it is told to; and remembers of whom it was told, and how many proofs the KDC had been sent by then."""

    kdc: ScriptedKdc
    answer: Admitted | Refused | Unavailable = field(default_factory=lambda: Admitted(None))
    told: list[Principal] = field(default_factory=list)
    proofs: list[int] = field(default_factory=list)

    async def __call__(self, account: Principal) -> Admitted | Refused | Unavailable:
        self.told.append(account)
        self.proofs.append(len(self.kdc.proofs))
        return self.answer


async def login(
    behaviour: Behaviour, answer: Admitted | Refused | Unavailable = Admitted(None), asked: Principal = ALIAS
) -> tuple[Proof | Referral, Leave]:
    with scripted_kdc(behaviour) as kdc:
        leave = Leave(kdc, answer)
        async with login_at(kdc) as engine:
            return await engine.verify(asked, PASSWORD, asyncio.get_running_loop().time() + 10, None, leave), leave


async def test_the_account_is_told_before_the_password_is_proved() -> None:
    proof, leave = await login(WRONG)
    assert isinstance(proof, Refused)
    assert proof.reason is Reason.BAD_CREDENTIALS
    assert (leave.told, leave.proofs, len(leave.kdc.proofs)) == ([ALICE], [0], 1)


@pytest.mark.parametrize("answer", [HELD, Unavailable(Reason.KDC_UNREACHABLE, Stage.THROTTLE)])
async def test_without_leave_the_kdc_is_sent_no_proof(answer: Refused | Unavailable) -> None:
    proof, leave = await login(WRONG, answer)
    assert proof == answer
    assert leave.kdc.proofs == []


@pytest.mark.parametrize(
    "behaviour",
    [
        error(6),
        error(18),
        by_number({1: preauth_required(REALM, REALM)}, otherwise=error(24)),
        by_number({1: preauth_required(REALM, "h7Qz:random")}, otherwise=error(24)),
        by_number({1: error(wire.PREAUTH_REQUIRED, wire.ErrorFields(realm=REALM))}, otherwise=error(24)),
    ],
    ids=["no such user", "locked", "one salt for everybody", "a random salt", "no salt"],
)
async def test_where_the_kdc_does_not_show_the_account_nobody_is_told(behaviour: Behaviour) -> None:
    _, leave = await login(behaviour, HELD)
    assert leave.told == []


async def test_leave_is_asked_once_although_there_are_two_exchanges() -> None:
    proof, leave = await login(by_number({1: ASKS, 2: error(24)}, otherwise=error(6)))
    again, second = await login(by_number({1: error(7), 2: ASKS, 3: error(24)}, otherwise=error(6)))
    assert isinstance(proof, Refused)
    assert isinstance(again, Refused)
    assert (leave.told, second.told) == ([ALICE], [ALICE])


async def test_leave_is_asked_where_the_library_makes_the_key() -> None:
    odd = wire.preauth_wanted(f"{REALM}alice", wire.iterations(4097)[:3])
    named = error(wire.PREAUTH_REQUIRED, wire.ErrorFields(realm=REALM, data=odd))
    proof, leave = await login(by_number({1: named, 2: ASKS}, otherwise=error(24)), HELD)
    assert (proof, leave.told, leave.kdc.proofs) == (HELD, [ALICE], [])
    _, leave = await login(by_number({1: named, 2: ASKS}, otherwise=error(24)))
    assert (leave.told, leave.proofs, len(leave.kdc.proofs)) == ([ALICE], [0], 1)


async def test_leave_is_asked_before_an_expired_password_is_proved() -> None:
    proof, leave = await login(by_number({1: error(23), 2: ASKS}, otherwise=error(24)), HELD)
    assert isinstance(proof, Refused)
    assert (proof.reason, proof.proved, leave.kdc.proofs) == (Reason.THROTTLED, False, [])


async def test_leave_is_asked_before_an_old_password_is_proved() -> None:
    with scripted_kdc(WRONG) as kdc:
        leave = Leave(kdc, replace(HELD, stage=Stage.CHANGEPW_PROOF))
        async with (
            login_at(kdc) as engine,
            old_password.prove(engine, ALIAS, PASSWORD, asyncio.get_running_loop().time() + 10, None, leave) as proved,
        ):
            assert proved == leave.answer
    assert (leave.told, kdc.proofs) == ([ALICE], [])


async def never(_: Principal) -> Admitted:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


async def test_who_waits_for_leave_beyond_the_deadline_has_cost_the_account_nothing() -> None:
    with scripted_kdc(WRONG) as kdc:
        async with login_at(kdc) as engine:
            proof = await engine.verify(ALIAS, PASSWORD, asyncio.get_running_loop().time() + 0.1, None, never)
    assert isinstance(proof, Unavailable)
    assert (proof.reason, proof.pending, kdc.proofs) == (Reason.KDC_UNREACHABLE, False, [])


async def test_who_hangs_up_while_waiting_for_leave_has_cost_the_account_nothing() -> None:
    said: list[Proof] = []
    asked = asyncio.Event()

    async def waiting(account: Principal) -> Admitted:
        asked.set()
        return await never(account)

    with scripted_kdc(WRONG) as kdc:
        async with login_at(kdc) as engine:
            task = asyncio.create_task(engine.verify(ALIAS, PASSWORD, asyncio.get_running_loop().time() + 10, said.append, waiting))
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    (word,) = said
    assert isinstance(word, Unavailable)
    assert (word.pending, kdc.proofs) == (False, [])


@dataclass
class Verifier:
    """The engine as a port."""

    engine: PasswordLogin

    async def verify_password(
        self, principal: Principal, password: Secret, late: Callable[[Proof], None] | None = None, recognise: Recognise | None = None
    ) -> Proof:
        proof = await self.engine.verify(principal, password, asyncio.get_running_loop().time() + 20, late, recognise)
        assert not isinstance(proof, Referral)
        return proof

    async def accept_token(self, *_: object) -> TokenAnswer:
        raise NotImplementedError

    async def realm_states(self) -> tuple[()]:
        return ()


async def answer(verifier: Verifier, throttle: PasswordThrottle, name: str, password: str) -> Refused | Unavailable:
    """What comes of one login by this name, as the use case has it."""
    request = Request(Origin("c0ffee", Door.HTTP, "192.0.2.1"), Caller(), name, Secret(password.encode()))
    principal = Principal((name,), REALM)
    admitted = await proving.admit(throttle, principal, request)
    proof = await proving.prove(verifier, throttle, admitted, principal, request) if isinstance(admitted, Admitted) else admitted
    assert isinstance(proof, Refused | Unavailable)
    return proof


async def put(verifier: Verifier, throttle: PasswordThrottle, name: str, password: str) -> str:
    """The same; the reason it is refused for."""
    return str((await answer(verifier, throttle, name, password)).reason)


@dataclass
class Silent:
    """An observer that takes no note."""

    def throttle_held(self, why: str) -> None: ...

    def throttle_repeated(self) -> None: ...

    def throttle_degraded(self, degraded: bool) -> None: ...


@asynccontextmanager
async def workers(folder: Path, number: int, **settings: float) -> AsyncIterator[list[PasswordThrottle]]:
    """So many throttles that share a file."""
    wanted = ThrottleSettings(**{"reserve": 0, "pause": 0.0, "source_failures": 0, "overall_failures": 0, **settings})  # type: ignore[arg-type]  # values of several types
    made = [throttle_of(wanted, folder, Silent()) for _ in range(number)]
    throttles = [each for each in made if isinstance(each, PasswordThrottle)]
    yield throttles
    for each in throttles:
        await each.close()


async def test_forty_wrong_passwords_at_once_by_ten_names_cost_the_account_no_more_than_its_budget(tmp_path: Path) -> None:
    async with workers(tmp_path, 3) as throttles:
        with scripted_kdc(WRONG) as kdc:
            async with login_at(kdc) as engine:
                tries = [put(Verifier(engine), throttles[number % 3], f"name-{number % 10}", f"wrong-{number}") for number in range(40)]
                reasons = Counter(await asyncio.gather(*tries))
    assert len(kdc.proofs) == 4
    assert reasons == {"bad-credentials": 4, "throttled": 36}


async def test_wrong_passwords_by_name_after_name_cost_the_account_no_more_than_its_budget(tmp_path: Path) -> None:
    names = ("alice", "ALICE", "alice@ka.test", "a.smith", "a.smith@corp.example")
    async with workers(tmp_path, 1) as (throttle,):
        with scripted_kdc(WRONG) as kdc:
            async with login_at(kdc) as engine:
                for number, name in enumerate(names * 5):
                    await put(Verifier(engine), throttle, name, f"wrong-{number}")
    assert len(kdc.proofs) == 4


async def test_the_same_wrong_password_by_another_name_is_not_proved_again(tmp_path: Path) -> None:
    async with workers(tmp_path, 1) as (throttle,):
        with scripted_kdc(WRONG) as kdc:
            async with login_at(kdc) as engine:
                reasons = [await put(Verifier(engine), throttle, name, "the-same") for name in ("a.smith", "alice", "a.smith@corp.example")]
    assert reasons == ["bad-credentials"] * 3
    assert len(kdc.proofs) == 1


async def test_a_stranger_who_used_an_account_up_hears_of_its_other_names_what_an_unknown_one_gets(tmp_path: Path) -> None:
    unknown = where(lambda asked: b"nobody" in asked.message, error(6), WRONG)
    told: dict[str, list[Refused]] = {"a.smith": [], "nobody": []}
    async with workers(tmp_path, 1) as (throttle,):
        with scripted_kdc(unknown) as kdc:
            async with login_at(kdc) as engine:
                for number in range(4):
                    await put(Verifier(engine), throttle, "alice", f"used-up-{number}")
                for name, heard in told.items():
                    for password in ("one", "one", "two", "three", "four", "five"):
                        proof = told_refusal(await answer(Verifier(engine), throttle, name, password), Disclosure.GUARDED)
                        assert isinstance(proof, Refused)
                        heard.append(replace(proof, retry_after=None, stage=Stage.AS))
    assert told["a.smith"] == told["nobody"]
    assert [each.reason for each in told["nobody"]] == [Reason.BAD_CREDENTIALS] * 5 + [Reason.THROTTLED]
