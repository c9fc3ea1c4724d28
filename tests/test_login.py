"""The use case, with ports that answer what each test needs."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from kerbauth import login
from kerbauth.attempt import Caller, PasswordLogin, TokenLogin
from kerbauth.core.audit import AuditRecord, Door, Origin
from kerbauth.core.audit_names import AuditNames
from kerbauth.core.codes.model import Stage
from kerbauth.core.disclosure import Disclosure
from kerbauth.core.names import RealmDirectory, RealmNames
from kerbauth.core.outcome import Granted, Notice, Proof, Proved, Refused, Severity, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.login import LoginService, Ports
from kerbauth.ports import Answer, NotPermitted, Question, Repeated, Source, SourceFailed, Throttled, TokenAnswer, Unsettled
from tests.fakes import FakeAudit, FakeObserver, FakePermissions, FakeThrottle, FakeVerifier
from tests.mappers import plain_mapper

ALICE = Principal(("alice",), "KA.TEST")
ORIGIN = Origin("c0ffee00c0ffee00", Door.HTTP, "127.0.0.1")


@dataclass
class Bench:
    """A login service over fakes."""

    verifier: FakeVerifier = field(default_factory=lambda: FakeVerifier(Proved(ALICE)))
    throttle: FakeThrottle = field(default_factory=FakeThrottle)
    permissions: FakePermissions = field(default_factory=FakePermissions)
    audit: FakeAudit = field(default_factory=FakeAudit)
    names: AuditNames = field(default_factory=lambda: AuditNames(Secret(b"a key of the tests")))
    observer: FakeObserver = field(default_factory=FakeObserver)
    floor: float = 0.25
    patience: float = 5.0
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    @property
    def service(self) -> LoginService:
        return LoginService(
            realms=RealmDirectory((RealmNames("KA.TEST", default=True),)),
            mapper=plain_mapper("KA.TEST"),
            ports=Ports(
                verifier=self.verifier,
                throttle=self.throttle,
                permissions=self.permissions,
                audit=self.audit,
                names=self.names,
                observers=[self.observer],
                now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
                monotonic=lambda: 0.0,
                sleep=self.sleep,
            ),
            floor=self.floor,
            patience=self.patience,
        )


def request(
    username: str = "alice", password: bytes = b"pw", application: str | None = "desktop", caller: Caller = Caller()
) -> PasswordLogin:
    return PasswordLogin(ORIGIN, caller, username, Secret(password), application)


async def test_a_proved_mapped_and_permitted_user_is_granted() -> None:
    bench = Bench()
    result = await bench.service.password(request())
    assert isinstance(result.verdict, Granted)
    assert (result.verdict.user, result.verdict.principal) == ("alice", ALICE)
    assert bench.verifier.asked == [ALICE]
    assert bench.permissions.questions == [Question("alice", "KA.TEST", "desktop")]


async def test_warnings_of_the_proof_are_passed_on() -> None:
    warning = Notice(Severity.WARNING, Reason.PASSWORD_EXPIRES_SOON)
    result = await Bench(verifier=FakeVerifier(Proved(ALICE, (warning,)))).service.password(request())
    assert isinstance(result.verdict, Granted)
    assert result.verdict.notices == (warning,)


@pytest.mark.parametrize("answer", [Refused(Reason.BAD_CREDENTIALS, Stage.AS), Unavailable(Reason.KDC_UNREACHABLE, Stage.AS)])
async def test_without_a_proof_the_permission_source_is_not_asked(answer: Refused | Unavailable) -> None:
    bench = Bench(verifier=FakeVerifier(answer))
    result = await bench.service.password(request())
    assert result.verdict is answer
    assert bench.permissions.questions == []


@pytest.mark.parametrize(
    ("username", "password", "reason"),
    [
        ("", b"pw", Reason.MALFORMED_NAME),
        ("al\0ice", b"pw", Reason.MALFORMED_NAME),
        ("alice@ELSEWHERE.TEST", b"pw", Reason.UNKNOWN_REALM),
        ("alice", b"", Reason.EMPTY_PASSWORD),
        ("alice", b"x" * 1025, Reason.PASSWORD_TOO_LONG),
    ],
)
async def test_what_is_malformed_reaches_no_kdc(username: str, password: bytes, reason: Reason) -> None:
    bench = Bench()
    result = await bench.service.password(request(username, password))
    assert isinstance(result.verdict, Refused)
    assert result.verdict.reason is reason
    assert bench.verifier.asked == []


async def test_a_nul_in_a_password_is_refused_with_a_text_of_its_own() -> None:
    result = await Bench().service.password(request(password=b"pw\0more"))
    assert isinstance(result.verdict, Refused)
    assert [notice.detail for notice in result.verdict.notices] == [login.NUL_IN_PASSWORD]


async def test_a_principal_of_another_realm_than_the_configured_ones_is_refused() -> None:
    foreign = Principal(("alice",), "ELSEWHERE.TEST")
    bench = Bench(verifier=FakeVerifier(Proved(foreign)))
    by_password, by_token = await bench.service.password(request()), await bench.service.token(token_request())
    assert isinstance(by_password.verdict, Refused)
    assert isinstance(by_token.verdict, Refused)
    assert (by_password.verdict.reason, by_token.verdict.reason) == (Reason.WRONG_REALM, Reason.UNKNOWN_REALM)
    assert bench.permissions.questions == []


async def test_what_is_mapped_is_what_was_proved_not_what_was_typed() -> None:
    bench = Bench(verifier=FakeVerifier(Proved(Principal(("asmith",), "KA.TEST"))))
    result = await bench.service.password(request("alice"))
    assert isinstance(result.verdict, Granted)
    assert result.verdict.user == "asmith"
    assert result.record.principal == "asmith@KA.TEST"


async def test_a_proved_instance_has_no_user() -> None:
    result = await Bench(verifier=FakeVerifier(Proved(Principal(("alice", "admin"), "KA.TEST")))).service.password(request())
    assert isinstance(result.verdict, Refused)
    assert (result.verdict.reason, result.verdict.proved) == (Reason.NO_USER_MAPPING, True)


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (NotPermitted(Reason.NOT_PERMITTED), Refused, Reason.NOT_PERMITTED),
        (NotPermitted(Reason.USER_DISABLED), Refused, Reason.USER_DISABLED),
        (SourceFailed("no route"), Unavailable, Reason.PERMISSION_SOURCE),
    ],
)
async def test_the_permission_sources_answer_decides(answer: Answer, kind: type, reason: Reason) -> None:
    result = await Bench(permissions=FakePermissions(answer)).service.password(request())
    assert isinstance(result.verdict, kind)
    assert result.record.reason is reason
    assert result.record.user == "alice"


class SilentPermissions(FakePermissions):
    async def may_enter(self, question: Question) -> Answer:
        return await asyncio.get_running_loop().create_future()


async def test_a_silent_permission_source_is_unavailable_never_yes_or_no() -> None:
    result = await Bench(permissions=SilentPermissions(), patience=0.01).service.password(request())
    assert isinstance(result.verdict, Unavailable)
    assert result.verdict.reason is Reason.PERMISSION_SOURCE


async def test_an_application_must_be_named_where_one_is_asked_about() -> None:
    bench = Bench()
    result = await bench.service.password(request(application=None))
    assert isinstance(result.verdict, Refused)
    assert result.verdict.reason is Reason.MALFORMED_REQUEST
    assert bench.verifier.asked == []


async def test_no_application_is_needed_where_none_is_asked_about() -> None:
    result = await Bench(permissions=FakePermissions(asks_application=False)).service.password(request(application=None))
    assert isinstance(result.verdict, Granted)


async def test_a_client_that_only_asks_for_identity_gets_no_permission_question() -> None:
    bench = Bench()
    result = await bench.service.password(request(application=None, caller=Caller("gax", identity_only=True)))
    assert isinstance(result.verdict, Granted)
    assert result.verdict.application is None
    assert bench.permissions.questions == []


async def test_a_clients_own_application_is_asked_about() -> None:
    bench = Bench()
    await bench.service.password(request(application=None, caller=Caller("gax", application="gax")))
    assert bench.permissions.questions[0].application == "gax"


async def test_a_client_with_an_application_of_its_own_may_name_no_other() -> None:
    bench = Bench()
    result = await bench.service.password(request(application="desktop", caller=Caller("gax", application="gax")))
    assert isinstance(result.verdict, Refused)
    assert result.verdict.reason is Reason.CLIENT_NOT_ALLOWED
    assert bench.verifier.asked == []


def token_request(application: str | None = "desktop") -> TokenLogin:
    return TokenLogin(ORIGIN, Caller(), b"token", application)


async def test_a_token_goes_the_same_way_and_its_reply_comes_back() -> None:
    bench = Bench(verifier=FakeVerifier(Proved(ALICE), TokenAnswer(Proved(ALICE), b"reply")))
    result = await bench.service.token(token_request())
    assert isinstance(result.verdict, Granted)
    assert result.reply == b"reply"


async def test_the_reply_token_comes_back_with_a_refusal_too() -> None:
    verifier = FakeVerifier(Proved(ALICE), TokenAnswer(Proved(ALICE), b"reply"))
    result = await Bench(verifier, permissions=FakePermissions(NotPermitted(Reason.NOT_PERMITTED))).service.token(token_request())
    assert isinstance(result.verdict, Refused)
    assert result.reply == b"reply"


async def test_a_token_without_an_application_is_not_looked_at() -> None:
    result = await Bench().service.token(token_request(None))
    assert result.record.reason is Reason.MALFORMED_REQUEST


async def test_the_audit_record_is_written_before_the_result_is_there() -> None:
    bench = Bench()
    result = await bench.service.password(request())
    assert bench.audit.records == [result.record] == bench.observer.seen
    assert result.record.origin.correlation_id == ORIGIN.correlation_id


async def test_without_an_audit_record_nobody_is_let_in() -> None:
    bench = Bench(audit=FakeAudit(failure="the disk is full"))
    result = await bench.service.password(request())
    assert isinstance(result.verdict, Unavailable)
    assert (result.verdict.reason, result.verdict.alarm) == (Reason.AUDIT, True)
    assert bench.observer.seen[0].reason is Reason.AUDIT


async def test_an_attempt_a_door_turned_away_is_recorded() -> None:
    bench = Bench()
    result = await bench.service.turned_away(request(), Refused(Reason.CLIENT_NOT_ALLOWED, Stage.REQUEST))
    assert bench.audit.records == [result.record]
    assert result.record.reason is Reason.CLIENT_NOT_ALLOWED


async def test_neither_result_nor_record_holds_the_password() -> None:
    bench = Bench(verifier=FakeVerifier(Refused(Reason.BAD_CREDENTIALS, Stage.AS)))
    asked = request(password=b"canary-in-the-use-case")
    result = await bench.service.password(asked)
    assert "canary" not in repr((asked, result, bench.audit.records))


GUARDED, FULL = Caller(), Caller("trusted", Disclosure.FULL)


@pytest.mark.parametrize("reason", [Reason.BAD_CREDENTIALS, Reason.UNKNOWN_USER, Reason.ACCOUNT_LOCKED, Reason.PASSWORD_EXPIRED])
async def test_refusals_that_a_stranger_must_not_tell_apart_take_alike(reason: Reason) -> None:
    bench = Bench(verifier=FakeVerifier(Refused(reason, Stage.AS)))
    await bench.service.password(request(caller=GUARDED))
    assert bench.slept == [0.25]


async def test_the_floor_is_waited_for_after_the_record_is_written() -> None:
    bench = Bench(verifier=FakeVerifier(Refused(Reason.UNKNOWN_USER, Stage.AS)))
    written_when_it_slept: list[int] = []

    async def sleep(_: float) -> None:
        written_when_it_slept.append(len(bench.audit.records))

    bench.sleep = sleep  # type: ignore[method-assign]  # a stub of the test's own
    await bench.service.password(request(caller=GUARDED))
    assert written_when_it_slept == [1]


@pytest.mark.parametrize(
    ("answer", "caller"),
    [
        (Proved(ALICE), GUARDED),
        (Refused(Reason.BAD_CREDENTIALS, Stage.AS), FULL),
        (Refused(Reason.PASSWORD_EXPIRED, Stage.CHANGEPW_PROOF, proved=True), GUARDED),
        (Unavailable(Reason.KDC_UNREACHABLE, Stage.AS), GUARDED),
    ],
)
async def test_nobody_else_waits(answer: Proof, caller: Caller) -> None:
    bench = Bench(verifier=FakeVerifier(answer))
    await bench.service.password(request(caller=caller))
    assert bench.slept == []


async def test_a_throttled_attempt_reaches_no_kdc_and_says_when_to_come_back() -> None:
    bench = Bench(throttle=FakeThrottle(Throttled(42.5, "the account is held")))
    result = await bench.service.password(request())
    assert result.verdict == Refused(Reason.THROTTLED, Stage.THROTTLE, retry_after=42.5, diagnostic="the account is held")
    assert bench.verifier.asked == []
    assert [step.stage for step in result.steps] == [Stage.NAME, Stage.THROTTLE]


async def test_a_wrong_password_known_again_is_answered_as_the_kdc_did() -> None:
    bench = Bench(throttle=FakeThrottle(Repeated(Reason.UNKNOWN_USER)))
    verdict = (await bench.service.password(request())).verdict
    assert isinstance(verdict, Refused)
    assert (verdict.reason, verdict.stage) == (Reason.UNKNOWN_USER, Stage.THROTTLE)
    assert bench.verifier.asked == []


async def test_while_earlier_attempts_are_unanswered_nobody_is_told_that_they_failed() -> None:
    bench = Bench(throttle=FakeThrottle(Unsettled()))
    verdict = (await bench.service.password(request())).verdict
    assert isinstance(verdict, Unavailable)
    assert (verdict.reason, verdict.stage) == (Reason.KDC_UNREACHABLE, Stage.THROTTLE)
    assert bench.verifier.asked == []


async def test_an_admitted_attempt_is_settled_with_its_proof() -> None:
    bench = Bench()
    await bench.service.password(request())
    assert bench.throttle.settled == [Proved(ALICE)]


async def test_an_answer_that_comes_late_settles_the_attempt_then() -> None:
    pending = Unavailable(Reason.KDC_UNREACHABLE, Stage.AS, pending=True)
    bench = Bench(verifier=FakeVerifier(pending, late=Refused(Reason.BAD_CREDENTIALS, Stage.AS)))
    await bench.service.password(request())
    assert bench.throttle.settled == []
    assert bench.throttle.settled_later == [Refused(Reason.BAD_CREDENTIALS, Stage.AS)]


@pytest.mark.parametrize(
    ("peer", "caller", "source"),
    [
        ("192.0.2.7", Caller(), Source("192.0.2.7")),
        ("2001:db8:1:2:3:4:5:6", Caller(), Source("2001:db8:1:2::/64")),
        ("::ffff:192.0.2.7", Caller(), Source("192.0.2.7")),
        ("local", Caller(), Source("unknown")),
        ("", Caller(), Source("unknown")),
        ("192.0.2.7", Caller("gax"), Source("client:gax", named=True)),
    ],
)
async def test_an_attempt_counts_for_its_address_or_its_client(peer: str, caller: Caller, source: Source) -> None:
    bench = Bench()
    await bench.service.password(PasswordLogin(Origin("c0ffee00c0ffee00", Door.HTTP, peer), caller, "alice", Secret(b"pw"), "desktop"))
    assert bench.throttle.asked == [(ALICE, source)]


async def test_the_throttle_is_told_whose_account_the_kdc_has_shown() -> None:
    wrong = Refused(Reason.BAD_CREDENTIALS, Stage.AS)
    bench = Bench(verifier=FakeVerifier(wrong, behind=Principal(("asmith",), "KA.TEST")))
    assert (await bench.service.password(request())).verdict == wrong
    assert bench.throttle.behind == [Principal(("asmith",), "KA.TEST")]
    assert bench.throttle.settled == [wrong]


@pytest.mark.parametrize("disclosure", Disclosure)
async def test_an_attempt_that_is_held_for_the_account_behind_its_name_is_settled_and_takes_as_long_as_a_wrong_password(
    disclosure: Disclosure,
) -> None:
    verifier = FakeVerifier(Proved(ALICE), behind=Principal(("asmith",), "KA.TEST"))
    bench = Bench(verifier=verifier, throttle=FakeThrottle(recognised=Throttled(42.5, "the account is held")))
    result = await bench.service.password(request(caller=Caller("client", disclosure)))
    held = Refused(Reason.THROTTLED, Stage.AS, retry_after=42.5, diagnostic="the account is held")
    assert result.verdict == held
    assert bench.throttle.settled == [held]
    assert bench.slept == ([0.25] if disclosure is Disclosure.GUARDED else [])


async def test_a_password_that_was_held_for_the_account_behind_its_name_is_held_alike_when_it_comes_again() -> None:
    result = await Bench(throttle=FakeThrottle(Repeated(Reason.THROTTLED))).service.password(request())
    assert isinstance(result.verdict, Refused)
    assert (result.verdict.reason, result.verdict.stage) == (Reason.THROTTLED, Stage.AS)


async def test_a_ticket_is_not_throttled() -> None:
    bench = Bench(throttle=FakeThrottle(Throttled(42.5, "the account is held")))
    verdict = (await bench.service.token(TokenLogin(ORIGIN, Caller(), b"ticket", "desktop"))).verdict
    assert isinstance(verdict, Granted)


GHOST = Principal(("ghost-hunter2",), "KA.TEST")
NOT_FOUND = "Client 'ghost-hunter2@KA.TEST' not found in Kerberos database"


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("ghost-hunter2", Refused(Reason.UNKNOWN_USER, Stage.AS, diagnostic=NOT_FOUND)),
        ("ghost-hunter2", Unavailable(Reason.KDC_UNREACHABLE, Stage.AS, diagnostic="no KDC of KA.TEST answered within 5 seconds")),
        ("ghost-hunter2", Refused(Reason.THROTTLED, Stage.AS)),
        ("ghost-hunter2@elsewhere", None),
        ("ghost-hunter2/x", None),
        ("ghost\nhunter2", None),
    ],
)
async def test_a_name_that_nobody_confirmed_is_nowhere(typed: str, answer: Refused | Unavailable | None) -> None:
    bench = Bench(verifier=FakeVerifier(answer or Proved(ALICE)))
    result = await bench.service.password(request(typed))
    assert result.record.principal is None
    assert result.record.principal_hash == bench.names.hashed_as_typed(typed, RealmDirectory((RealmNames("KA.TEST", default=True),)))
    assert "hunter2" not in repr((bench.audit.records, bench.observer.seen))


async def test_what_a_diagnostic_says_besides_the_name_stays() -> None:
    bench = Bench(verifier=FakeVerifier(Unavailable(Reason.KDC_UNREACHABLE, Stage.AS, diagnostic="no KDC of KA.TEST answered")))
    assert (await bench.service.password(request("ghost-hunter2"))).record.diagnostic == "no KDC of KA.TEST answered"


@pytest.mark.parametrize(
    "first", [Proved(ALICE), Refused(Reason.BAD_CREDENTIALS, Stage.AS), Unavailable(Reason.KDC_NOT_TRUSTED, Stage.VERIFY)]
)
async def test_a_name_that_was_confirmed_stays_readable_while_the_kdc_is_away(first: Proved | Refused | Unavailable) -> None:
    bench = Bench(verifier=FakeVerifier(first))
    assert (await bench.service.password(request())).record.principal == "alice@KA.TEST"
    bench.verifier.answer = Unavailable(Reason.KDC_UNREACHABLE, Stage.AS)
    record = (await bench.service.password(request())).record
    assert (record.principal, record.principal_hash, record.realm) == ("alice@KA.TEST", None, "KA.TEST")


async def test_a_ticket_leaves_no_name_before_it_is_accepted() -> None:
    bench = Bench(verifier=FakeVerifier(Proved(ALICE), TokenAnswer(Refused(Reason.BAD_TOKEN, Stage.ACCEPT))))
    record = (await bench.service.token(token_request())).record
    assert (record.principal, record.principal_hash) == (None, None)


async def test_an_attempt_without_a_name_has_no_hash() -> None:
    bench = Bench()
    result = await bench.service.turned_away(request(""), Refused(Reason.MALFORMED_REQUEST, Stage.REQUEST))
    assert (result.record.principal, result.record.principal_hash) == (None, None)


async def test_the_door_hears_of_the_record_before_it_is_written() -> None:
    told: list[int] = []
    bench = Bench()
    await bench.service.password(replace(request(), recorded=lambda: told.append(len(bench.audit.records))))
    assert told == [0]


class StuckAudit(FakeAudit):
    """Takes the record and does not say that it is written."""

    taken = asyncio.Event()

    async def write(self, record: AuditRecord) -> None:
        self.records.append(record)
        self.taken.set()
        await asyncio.get_running_loop().create_future()


async def test_an_attempt_that_is_cancelled_while_its_record_is_written_is_counted_once() -> None:
    stuck = StuckAudit()
    bench = Bench(audit=stuck)
    attempt = asyncio.create_task(bench.service.password(request()))
    await stuck.taken.wait()
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    assert bench.observer.seen == bench.audit.records
    assert len(bench.audit.records) == 1
