"""The use case of changing a password, with ports that answer what each test needs."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from kerbauth import changing
from kerbauth.attempt import Caller, PasswordChange
from kerbauth.changing import ChangePorts, PasswordService
from kerbauth.core.audit import Action, Door, Origin
from kerbauth.core.audit_names import AuditNames
from kerbauth.core.codes.model import Stage
from kerbauth.core.disclosure import Disclosure
from kerbauth.core.names import RealmDirectory, RealmNames
from kerbauth.core.outcome import Change, Changed, Notice, Proved, Refused, Severity, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.ports import Admission, Repeated, Source, Throttled, Unsettled
from tests.fakes import FakeAudit, FakeChanger, FakeObserver, FakeThrottle

ALICE = Principal(("alice",), "KA.TEST")
CANONICAL = Principal(("asmith",), "KA.TEST")
ORIGIN = Origin("c0ffee00c0ffee00", Door.HTTP, "127.0.0.1")
GUARDED, FULL = Caller(), Caller("trusted", Disclosure.FULL)

WRONG = Refused(Reason.BAD_CREDENTIALS, Stage.CHANGEPW_PROOF)
TOO_SHORT = Refused(Reason.PASSWORD_REJECTED, Stage.KPASSWD, proved=True)
SILENT_KDC = Unavailable(Reason.KDC_UNREACHABLE, Stage.CHANGEPW_PROOF)
PENDING_KDC = Unavailable(Reason.KDC_UNREACHABLE, Stage.CHANGEPW_PROOF, pending=True)
SILENT_KPASSWD = Unavailable(Reason.KDC_UNREACHABLE, Stage.KPASSWD)
PENDING_KPASSWD = Unavailable(Reason.KDC_UNREACHABLE, Stage.KPASSWD, pending=True)


@dataclass
class Bench:
    """A password service over fakes."""

    changer: FakeChanger = field(default_factory=lambda: FakeChanger(Changed(ALICE)))
    throttle: FakeThrottle = field(default_factory=FakeThrottle)
    audit: FakeAudit = field(default_factory=FakeAudit)
    observer: FakeObserver = field(default_factory=FakeObserver)
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    @property
    def service(self) -> PasswordService:
        ports = ChangePorts(
            changer=self.changer,
            throttle=self.throttle,
            audit=self.audit,
            names=AuditNames(Secret(b"a key of the tests")),
            observers=[self.observer],
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            monotonic=lambda: 0.0,
            sleep=self.sleep,
        )
        return PasswordService(realms=RealmDirectory((RealmNames("KA.TEST", default=True),)), ports=ports, floor=0.25)


def bench(answer: Change) -> Bench:
    return Bench(changer=FakeChanger(answer))


def request(username: str = "alice", old: bytes = b"old", new: bytes = b"new", caller: Caller = GUARDED) -> PasswordChange:
    return PasswordChange(ORIGIN, caller, username, Secret(old), Secret(new))


def details(outcome: Change) -> list[str | None]:
    return [notice.detail for notice in outcome.notices]


async def test_a_change_is_asked_for_the_principal_that_was_typed_and_ends_as_changed() -> None:
    made = Bench()
    result = await made.service.change(request())
    assert result.outcome == Changed(ALICE)
    assert made.changer.asked == [ALICE]
    assert [step.stage for step in result.steps] == [Stage.NAME, Stage.THROTTLE, Stage.KPASSWD]


async def test_the_record_is_one_of_a_password_change_and_is_written_first() -> None:
    made = bench(Changed(CANONICAL))
    result = await made.service.change(request())
    assert made.audit.records == [result.record] == made.observer.seen
    assert (result.record.action, result.record.verdict, result.record.principal) == (Action.PASSWORD_CHANGE, "changed", str(CANONICAL))


@pytest.mark.parametrize(
    ("username", "old", "new", "reason", "told"),
    [
        ("", b"old", b"new", Reason.MALFORMED_NAME, None),
        ("alice@ELSEWHERE.TEST", b"old", b"new", Reason.UNKNOWN_REALM, None),
        ("alice", b"", b"new", Reason.EMPTY_PASSWORD, None),
        ("alice", b"o\0ld", b"new", Reason.MALFORMED_REQUEST, changing.NUL_IN_OLD),
        ("alice", b"o" * 1025, b"new", Reason.PASSWORD_TOO_LONG, None),
        ("alice", b"old", b"", Reason.EMPTY_PASSWORD, changing.NEW_EMPTY),
        ("alice", b"old", b"n\0ew", Reason.MALFORMED_REQUEST, changing.NUL_IN_NEW),
        ("alice", b"old", b"n" * 1025, Reason.PASSWORD_TOO_LONG, changing.NEW_TOO_LONG),
        ("alice", b"same", b"same", Reason.PASSWORD_REJECTED, changing.NOT_NEW),
    ],
)
async def test_what_is_malformed_reaches_no_kdc(username: str, old: bytes, new: bytes, reason: Reason, told: str | None) -> None:
    made = Bench()
    outcome = (await made.service.change(request(username, old, new))).outcome
    assert isinstance(outcome, Refused)
    assert outcome.reason is reason
    assert told is None or details(outcome) == [told]
    assert (made.changer.asked, made.throttle.asked) == ([], [])


async def test_a_client_may_change_passwords_of_its_own_realms_only() -> None:
    made = Bench()
    outcome = (await made.service.change(request(caller=Caller("gax", realms=frozenset({"KB.TEST"}))))).outcome
    assert isinstance(outcome, Refused)
    assert (outcome.reason, made.changer.asked) == (Reason.CLIENT_NOT_ALLOWED, [])


@pytest.mark.parametrize(
    ("admission", "kind", "reason"),
    [
        (Throttled(42.5, "the account is held"), Refused, Reason.THROTTLED),
        (Repeated(Reason.BAD_CREDENTIALS), Refused, Reason.BAD_CREDENTIALS),
        (Unsettled(), Unavailable, Reason.KDC_UNREACHABLE),
    ],
)
async def test_what_the_throttle_holds_reaches_no_kdc(admission: Admission, kind: type, reason: Reason) -> None:
    made = Bench(throttle=FakeThrottle(admission))
    outcome = (await made.service.change(request())).outcome
    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Changed)
    assert (outcome.reason, made.changer.asked) == (reason, [])


async def test_attempts_are_counted_by_client_and_by_address_as_logins_are() -> None:
    made = Bench()
    await made.service.change(request())
    await made.service.change(request(caller=FULL))
    assert [source for _, source in made.throttle.asked] == [Source("127.0.0.1"), Source("client:trusted", named=True)]


async def test_a_change_that_is_held_for_the_account_behind_the_name_is_settled_and_takes_as_long_as_a_wrong_password() -> None:
    made = Bench(
        changer=FakeChanger(Changed(ALICE), behind=CANONICAL), throttle=FakeThrottle(recognised=Throttled(42.5, "the account is held"))
    )
    held = Refused(Reason.THROTTLED, Stage.CHANGEPW_PROOF, retry_after=42.5, diagnostic="the account is held")
    assert (await made.service.change(request())).outcome == held
    assert (made.throttle.behind, made.throttle.settled, made.slept) == ([CANONICAL], [held], [0.25])


@pytest.mark.parametrize(
    ("answer", "settled"),
    [
        (Changed(CANONICAL), [Proved(CANONICAL)]),
        (WRONG, [WRONG]),
        (SILENT_KDC, [SILENT_KDC]),
        (PENDING_KDC, []),
        (TOO_SHORT, [Proved(ALICE)]),
        (SILENT_KPASSWD, [Proved(ALICE)]),
        (PENDING_KPASSWD, [Proved(ALICE)]),
    ],
)
async def test_the_throttle_is_told_of_the_old_password(answer: Change, settled: list[object]) -> None:
    made = bench(answer)
    await made.service.change(request())
    assert made.throttle.settled == settled


async def test_what_came_of_the_old_password_too_late_is_settled_later() -> None:
    made = Bench(FakeChanger(PENDING_KDC, late=WRONG))
    await made.service.change(request())
    assert (made.throttle.settled, made.throttle.settled_later) == ([], [WRONG])


@pytest.mark.parametrize(
    ("answer", "forgotten"),
    [
        (Changed(ALICE), {ALICE}),
        (Changed(CANONICAL), {ALICE, CANONICAL}),
        (PENDING_KPASSWD, {ALICE}),
        (SILENT_KPASSWD, set()),
        (PENDING_KDC, set()),
        (TOO_SHORT, set()),
        (WRONG, set()),
    ],
)
async def test_wrong_passwords_are_forgotten_once_there_is_or_may_be_a_new_one(answer: Change, forgotten: set[Principal]) -> None:
    made = bench(answer)
    await made.service.change(request())
    assert set(made.throttle.forgotten) == forgotten


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (SILENT_KDC, changing.NOT_CHANGED),
        (PENDING_KDC, changing.NOT_CHANGED),
        (SILENT_KPASSWD, changing.NOT_CHANGED),
        (PENDING_KPASSWD, changing.MAY_BE_CHANGED),
    ],
)
async def test_where_it_could_not_be_found_out_the_user_is_told_which_password_counts(answer: Change, told: str) -> None:
    assert details((await bench(answer).service.change(request())).outcome) == [told]


@pytest.mark.parametrize(
    ("answer", "told"),
    [(Changed(ALICE), [changing.CHANGED_ALL_THE_SAME]), (PENDING_KPASSWD, [changing.MAY_BE_CHANGED]), (TOO_SHORT, [])],
)
async def test_without_a_record_the_answer_is_audit_and_what_cannot_be_taken_back_is_told_all_the_same(
    answer: Change, told: list[str]
) -> None:
    made = Bench(FakeChanger(answer), audit=FakeAudit(failure="the disk is full"))
    outcome = (await made.service.change(request())).outcome
    assert isinstance(outcome, Unavailable)
    assert (outcome.reason, outcome.alarm, details(outcome)) == (Reason.AUDIT, True, told)
    assert made.observer.seen[0].reason is Reason.AUDIT


@pytest.mark.parametrize(
    ("answer", "caller", "slept"),
    [
        (WRONG, GUARDED, [0.25]),
        (Refused(Reason.UNKNOWN_USER, Stage.CHANGEPW_PROOF), GUARDED, [0.25]),
        (WRONG, FULL, []),
        (TOO_SHORT, GUARDED, []),
        (Changed(ALICE), GUARDED, []),
        (SILENT_KDC, GUARDED, []),
    ],
)
async def test_refusals_that_a_stranger_must_not_tell_apart_take_alike_and_nothing_else_waits(
    answer: Change, caller: Caller, slept: list[float]
) -> None:
    made = bench(answer)
    await made.service.change(request(caller=caller))
    assert made.slept == slept


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (WRONG, True),
        (Refused(Reason.UNKNOWN_USER, Stage.CHANGEPW_PROOF), False),
        (SILENT_KDC, False),
        (SILENT_KPASSWD, True),
        (TOO_SHORT, True),
    ],
)
async def test_a_name_is_written_in_clear_only_where_the_answer_shows_that_there_is_such_an_account(answer: Change, shown: bool) -> None:
    record = (await bench(answer).service.change(request())).record
    assert (record.principal is not None, record.principal_hash is None) == (shown, shown)


async def test_an_attempt_a_door_turned_away_is_recorded_as_a_password_change() -> None:
    made = Bench()
    result = await made.service.turned_away(request(), Refused(Reason.CLIENT_NOT_ALLOWED, Stage.REQUEST))
    assert made.audit.records == [result.record]
    assert (result.record.reason, result.record.action) == (Reason.CLIENT_NOT_ALLOWED, Action.PASSWORD_CHANGE)


async def test_neither_result_nor_record_holds_a_password() -> None:
    made = bench(Refused(Reason.PASSWORD_REJECTED, Stage.KPASSWD, proved=True, notices=(Notice(Severity.INFO, Reason.PASSWORD_REJECTED),)))
    asked = request(old=b"canary-old", new=b"canary-new")
    result = await made.service.change(asked)
    assert "canary" not in repr((asked, result, made.audit.records))
