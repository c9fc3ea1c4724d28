"""The key that is made once the KDC has named the salt: of which enctype, of what, and when not by us."""

import os
from collections.abc import Iterator

import pytest

from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Refused
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.kdc.conversation import EndedError
from kerbauth.kdc.cpu import Cpu
from kerbauth.kdc.late_key import LateKey, NeedsLibraryError
from kerbauth.kdc.libkrb5.context import Context
from kerbauth.kdc.protocol.key_info import KeyInfo
from kerbauth.kdc.protocol.reply import read_reply
from kerbauth.kdc.protocol.string_to_key import string_to_key
from tests.kdc.protocol.messages import as_rep, etype_info2, krb_error, method_data, pa_data

PASSWORD = Secret(b"canary-of-a-late-key")
SALT = b"KA.TESTalice"
RC4, AES128, AES256 = 23, 17, 18
ETYPE_INFO2, PK_AS_REQ, FX_COOKIE, FX_FAST = 19, 16, 133, 136


class Exchange:
    """Takes the key in libkrb5's place."""

    def __init__(self) -> None:
        self.keys: list[tuple[int, bytes]] = []

    def use_key(self, enctype: int, key: bytes) -> None:
        self.keys.append((enctype, key))


@pytest.fixture
def cpu() -> Iterator[Cpu]:
    made = Cpu()
    yield made
    made.close()


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


@pytest.fixture
def late(exchange: Exchange, cpu: Cpu, monkeypatch: pytest.MonkeyPatch) -> Iterator[LateKey]:
    monkeypatch.setenv("KRB5_CONFIG", os.devnull)
    context = Context()
    yield LateKey(context, exchange, cpu, PASSWORD, SALT, Stage.AS)
    context.close()


def asking(*entries: tuple[int, bytes | None, bytes | None]) -> bytes:
    return krb_error(25, data=method_data(pa_data(ETYPE_INFO2, etype_info2(*entries))))


def key_of(enctype: int, salt: bytes | None = None) -> tuple[int, bytes]:
    key = string_to_key(KeyInfo(enctype, salt, None), PASSWORD.reveal(), SALT)
    assert key is not None
    return enctype, key


async def test_of_the_enctypes_that_the_kdc_names_ours_is_taken_and_its_salt(late: LateKey, exchange: Exchange) -> None:
    await late.hear(read_reply(asking((RC4, None, None), (AES128, b"a", None), (AES256, b"b", None), (AES256, b"c", None))))
    assert exchange.keys == [key_of(AES256, b"b")]


async def test_without_a_salt_it_is_the_realm_and_the_name(late: LateKey, exchange: Exchange) -> None:
    await late.hear(read_reply(asking((AES128, None, None))))
    assert exchange.keys == [key_of(AES128)]


async def test_a_ticket_that_comes_unasked_needs_the_key_as_well(late: LateKey, exchange: Exchange) -> None:
    await late.hear(read_reply(as_rep(pa_data(ETYPE_INFO2, etype_info2((AES256, b"s", None))))))
    assert exchange.keys == [key_of(AES256, b"s")]


async def test_the_key_is_made_once(late: LateKey, exchange: Exchange) -> None:
    for _ in range(2):
        await late.hear(read_reply(asking((AES256, None, None))))
    assert len(exchange.keys) == 1


@pytest.mark.parametrize("code", [6, 18, 24, 91])
async def test_no_key_is_made_for_another_error(late: LateKey, exchange: Exchange, code: int) -> None:
    await late.hear(read_reply(krb_error(code)))
    assert exchange.keys == []


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(asking((RC4, None, None)), id="another enctype"),
        pytest.param(asking((AES256, None, b"odd")), id="parameters that are no count"),
        pytest.param(asking((AES256, None, (1).to_bytes(4, "big"))), id="a count below the default"),
        pytest.param(krb_error(25), id="nothing said"),
        pytest.param(krb_error(25, data=method_data(pa_data(FX_COOKIE, b"MIT"), pa_data(PK_AS_REQ, b""))), id="another method"),
    ],
)
async def test_what_is_not_ours_to_make_is_left_to_the_library(late: LateKey, exchange: Exchange, reply: bytes) -> None:
    with pytest.raises(NeedsLibraryError):
        await late.hear(read_reply(reply))
    assert exchange.keys == []


async def test_where_the_kdc_has_no_method_for_our_enctypes_it_is_the_accounts_keys(late: LateKey, exchange: Exchange) -> None:
    with pytest.raises(EndedError) as ended:
        await late.hear(read_reply(krb_error(25, data=method_data(pa_data(FX_FAST, b""), pa_data(FX_COOKIE, b"MIT")))))
    proof = ended.value.proof
    assert isinstance(proof, Refused)
    assert (proof.reason, proof.stage, proof.proved) == (Reason.ACCOUNT_KEYS, Stage.AS, False)
    assert exchange.keys == []
