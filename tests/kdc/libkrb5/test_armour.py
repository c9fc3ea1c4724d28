"""The ticket for armour, and the exchange that begins with it. What a KDC makes of both is in tests/integration/test_fast.py."""

import gc
import os

import krb5
import pytest

from kerbauth.core.secret import Secret
from kerbauth.kdc.libkrb5.armour import ArmourCache, ArmourTicket, OutsideArmourError
from kerbauth.kdc.libkrb5.context import Context, LibraryError
from kerbauth.kdc.libkrb5.exchange import AsExchange, Client
from kerbauth.kdc.libkrb5.own import OwnExchange

CLIENT = "alice@KA.TEST"


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5_CONFIG", os.devnull)


def use(cache: ArmourCache, context: Context) -> bytes:
    """Put something into the cache; its name."""
    handle = cache.within(context)
    context.check(context.lib.krb5_cc_initialize(context.pointer, handle, context.principal(CLIENT)))
    return b"MEMORY:" + context.string(context.lib.krb5_cc_get_name(context.pointer, handle))


def is_there(name: bytes) -> bool:
    """Whether a cache of this name holds something, seen through another binding."""
    context = krb5.init_context()
    try:
        krb5.cc_get_principal(context, krb5.cc_resolve(context, name))
    except krb5.Krb5Error:
        return False
    return True


def test_a_cache_can_be_named_in_every_context_as_long_as_somebody_holds_it_and_is_gone_afterwards() -> None:
    cache, context = ArmourCache(), Context()
    with context:
        name = use(cache, context)
    assert is_there(name)
    del cache
    gc.collect()
    assert is_there(name), "a login still uses it"
    context.close()
    gc.collect()
    assert not is_there(name)


def test_two_caches_have_two_names() -> None:
    context = Context()
    with context:
        names = {use(ArmourCache(), context) for _ in range(20)}
    context.close()
    assert len(names) == 20


def test_armour_without_a_ticket_cannot_be_put_on_and_nothing_is_sent() -> None:
    context = Context()
    with context:
        exchange = AsExchange(context, Client(CLIENT), armour=ArmourTicket(ArmourCache(), 3600, offered=True))
        exchange.use_password(Secret(b"canary"))
        with pytest.raises(OutsideArmourError, match="the armour cannot be put on") as caught:
            exchange.step()
    context.close()
    assert not caught.value.sent
    assert "canary" not in str(caught.value)


def test_a_keytab_without_our_key_gives_no_exchange() -> None:
    context = Context()
    with context, pytest.raises(LibraryError):
        OwnExchange(context, CLIENT, b"MEMORY:of-nobody")
    context.close()
