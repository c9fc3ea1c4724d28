"""The binding to libkrb5: one thread in a context at a time, and nothing is freed under it."""

import os
import threading

import pytest

from kerbauth.core.secret import Secret
from kerbauth.kdc.libkrb5.context import ClosedError, Context, LibraryError
from kerbauth.kdc.libkrb5.exchange import AsExchange, Client

CLIENT = "alice@KA.TEST"


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5_CONFIG", os.devnull)


def test_the_first_request_is_made_without_any_kdc_and_holds_no_password() -> None:
    context = Context()
    with context:
        exchange = AsExchange(context, Client(CLIENT), "HTTP/localhost@KA.TEST")
        exchange.use_password(Secret(b"canary-of-the-first-request"))
        request = exchange.step()
    context.close()
    assert request is not None
    assert request.realm == "KA.TEST"
    assert request.message[:1] == b"\x6a"  # RFC 4120 5.4.1: AS-REQ is [APPLICATION 10]
    assert b"canary" not in request.message


def test_a_reply_that_is_none_is_an_error_of_the_library() -> None:
    context = Context()
    with context:
        exchange = AsExchange(context, Client(CLIENT))
        exchange.use_password(Secret(b"x"))
        exchange.step()
        with pytest.raises(LibraryError):
            exchange.step(b"garbage")
    context.close()


def test_a_malformed_principal_is_an_error_of_the_library() -> None:
    context = Context()
    with context, pytest.raises(LibraryError) as raised:
        AsExchange(context, Client("a@b@c"))
    context.close()
    assert raised.value.number == -1765328250  # KRB5_PARSE_MALFORMED


def test_closing_waits_for_the_thread_inside_and_nobody_comes_in_afterwards() -> None:
    context, inside, leave = Context(), threading.Event(), threading.Event()

    def work() -> None:
        with context:
            inside.set()
            leave.wait(10)
            AsExchange(context, Client(CLIENT))

    worker = threading.Thread(target=work)
    worker.start()
    inside.wait(10)
    closing = threading.Thread(target=context.close)
    closing.start()
    assert closing.is_alive()
    leave.set()
    worker.join(10)
    closing.join(10)
    with pytest.raises(ClosedError), context:
        pytest.fail("a closed context let somebody in")


def test_closing_twice_frees_once() -> None:
    context, freed = Context(), []
    with context:
        AsExchange(context, Client(CLIENT))
    context.own(lambda: freed.append("once"))
    context.close()
    context.close()
    assert freed == ["once"]
