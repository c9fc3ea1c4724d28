"""What a client may ask about: the use case refuses the rest, before a KDC is asked where that can be known."""

import pytest

from kerbauth import login
from kerbauth.attempt import Caller, TokenLogin
from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Granted, Refused
from kerbauth.core.reasons import Reason
from tests.test_login import ORIGIN, Bench, request

LIMITED = Caller("limited", realms=frozenset({"OTHER.TEST"}), applications=frozenset({"desktop"}))


async def test_a_clients_realms_are_checked_before_any_kdc_is_asked() -> None:
    bench = Bench()
    result = await bench.service.password(request(caller=LIMITED))
    assert isinstance(result.verdict, Refused)
    assert (result.verdict.reason, result.verdict.stage) == (Reason.CLIENT_NOT_ALLOWED, Stage.NAME)
    assert [notice.detail for notice in result.verdict.notices] == [login.OTHER_REALM]
    assert bench.verifier.asked == []
    assert bench.audit.records[-1].reason is Reason.CLIENT_NOT_ALLOWED


async def test_a_clients_realms_are_checked_after_the_proof_of_a_token() -> None:
    bench = Bench()
    result = await bench.service.token(TokenLogin(ORIGIN, LIMITED, b"token", "desktop"))
    assert isinstance(result.verdict, Refused)
    assert (result.verdict.reason, result.verdict.stage) == (Reason.CLIENT_NOT_ALLOWED, Stage.MAPPING)
    assert bench.permissions.questions == []


async def test_a_client_asks_about_its_realms() -> None:
    caller = Caller("limited", realms=frozenset({"KA.TEST"}), applications=frozenset({"desktop"}))
    assert isinstance((await Bench().service.password(request(caller=caller))).verdict, Granted)


@pytest.mark.parametrize("door", ["password", "token"])
async def test_a_clients_applications_are_checked_before_anything_else(door: str) -> None:
    bench = Bench()
    caller = Caller("limited", applications=frozenset({"gax"}))
    asked = request(caller=caller) if door == "password" else TokenLogin(ORIGIN, caller, b"token", "desktop")
    result = await getattr(bench.service, door)(asked)
    assert (result.verdict.reason, result.verdict.stage) == (Reason.CLIENT_NOT_ALLOWED, Stage.REQUEST)
    assert [notice.detail for notice in result.verdict.notices] == [login.OTHER_APPLICATION]
    assert bench.verifier.asked == []


@pytest.mark.parametrize("asks", [True, False])
async def test_a_client_with_applications_must_name_one(asks: bool) -> None:
    bench = Bench()
    bench.permissions.asks_application = asks
    result = await bench.service.password(request(application=None, caller=Caller("limited", applications=frozenset({"gax"}))))
    assert isinstance(result.verdict, Refused)
    assert result.verdict.reason is Reason.MALFORMED_REQUEST
