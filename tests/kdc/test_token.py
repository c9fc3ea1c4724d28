import pytest
from hypothesis import given
from hypothesis import strategies as st
from spnego._spnego import NegTokenInit, NegTokenResp

from kerbauth.kdc.token import TOKEN_LIMIT, Token, kind_of, krb_error_code

KRB5, MS_KRB5 = "1.2.840.113554.1.2.2", "1.2.840.48018.1.2.2"
NTLM, NEGOEX, IAKERB = "1.3.6.1.4.1.311.2.2.10", "1.3.6.1.4.1.311.2.2.30", "1.3.6.1.5.2.5"
NTLM_NEGOTIATE = b"NTLMSSP\0\x01\0\0\0\x97\x82\x08\xe2" + bytes(24)

# Error tokens of a real acceptor (MIT 1.20.1) for a replayed ticket, raw and within SPNEGO: error-code 34.
REPLAY_RAW = bytes.fromhex(
    "606406092a864886f71201020203007e553053a003020105a10302011ea411180f32303236313132343030313534345aa505020302c4fca603020122a90a1b08"
    "4c41422e54455354aa1c301aa003020101a11330111b04485454501b096c6f63616c686f7374"
)
REPLAY_SPNEGO = bytes.fromhex("a171306fa0030a0102a2680466") + REPLAY_RAW


def offer(*mechanisms: str, token: bytes | None = b"ticket") -> bytes:
    return bytes(NegTokenInit(mech_types=list(mechanisms), mech_token=token).pack())


def raw(oid: bytes, body: bytes = b"\x01\x00" + bytes(20)) -> bytes:
    inner = b"\x06" + bytes([len(oid)]) + oid + body
    return b"\x60" + bytes([len(inner)]) + inner


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        (b"", Token.EMPTY),
        (b"x" * (TOKEN_LIMIT + 1), Token.TOO_LARGE),
        (NTLM_NEGOTIATE, Token.NTLM),
        (offer(NTLM, token=NTLM_NEGOTIATE), Token.NTLM_ONLY),
        (offer(NTLM, KRB5, token=NTLM_NEGOTIATE), Token.NTLM_FIRST),
        (offer(MS_KRB5, KRB5, NTLM, token=NTLM_NEGOTIATE), Token.NTLM_FIRST),
        (offer(NEGOEX, KRB5), Token.NEGOEX),
        (offer(NEGOEX), Token.NEGOEX),
        (offer(NEGOEX, NTLM), Token.NTLM_ONLY),
        (bytes(NegTokenInit(mech_types=[KRB5], mech_token=b"ticket", hint_name=b"x").pack()), Token.SERVERS),
        (bytes(NegTokenInit(mech_types=[KRB5], hint_address=b"x").pack()), Token.SERVERS),
        (offer(IAKERB, KRB5), Token.IAKERB),
        (raw(bytes.fromhex("2b0601050205")), Token.IAKERB),
        (raw(bytes.fromhex("2a0304")), Token.OTHER_MECHANISM),
        (offer("1.2.3.4"), Token.OTHER_MECHANISM),
        (offer("1.2.3.4", KRB5), Token.NO_TICKET),
        (offer(KRB5, token=None), Token.NO_TICKET),
        (bytes(NegTokenResp(response_token=b"x").pack()), Token.SECOND_LEG),
        (b"garbage", Token.DAMAGED),
        (b"\x60\x10", Token.DAMAGED),
        (offer(KRB5)[:20], Token.DAMAGED),
        (offer(KRB5), Token.KERBEROS),
        (offer(MS_KRB5, KRB5, NEGOEX, NTLM), Token.KERBEROS),
        (raw(bytes.fromhex("2a864886f712010202")), Token.KERBEROS),
    ],
    ids=lambda value: value.name if isinstance(value, Token) else "",
)
def test_each_kind_of_token_is_told_apart(token: bytes, kind: Token) -> None:
    assert kind_of(token) is kind


def test_every_kind_but_kerberos_has_a_reason_and_a_sentence_of_its_own() -> None:
    refusals = [kind.refusal for kind in Token if kind is not Token.KERBEROS]
    assert len({sentence for _, sentence, _ in refusals}) == len(Token) - 1
    with pytest.raises(ValueError, match="not refused"):
        _ = Token.KERBEROS.refusal


def test_no_challenge_follows_ntlm_so_that_no_browser_asks_for_a_password_again_and_again() -> None:
    assert not any(kind.refusal[2] for kind in (Token.NTLM, Token.NTLM_ONLY, Token.NTLM_FIRST))


@given(st.binary(max_size=300))
def test_any_bytes_are_some_kind(token: bytes) -> None:
    assert isinstance(kind_of(token), Token)


@given(st.data())
def test_any_damage_to_a_token_is_some_kind(data: st.DataObject) -> None:
    token = bytearray(offer(MS_KRB5, KRB5, NTLM))
    for position in data.draw(st.lists(st.integers(0, len(token) - 1), max_size=5)):
        token[position] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(token)))
    assert isinstance(kind_of(bytes(token[:cut])), Token)


def test_the_true_code_is_read_out_of_an_error_token() -> None:
    assert krb_error_code(REPLAY_RAW) == 34
    assert krb_error_code(REPLAY_SPNEGO) == 34


@given(st.binary(max_size=200))
def test_any_other_bytes_hold_no_code(token: bytes) -> None:
    assert krb_error_code(token) is None


@pytest.mark.parametrize(
    "token",
    [bytes(NegTokenResp().pack()), offer(KRB5), raw(bytes.fromhex("2a864886f712010202")), raw(bytes.fromhex("2a0304"))],
)
def test_other_tokens_hold_no_code(token: bytes) -> None:
    assert krb_error_code(token) is None
