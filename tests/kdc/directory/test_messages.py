"""LDAP messages: what goes out says exactly what is meant, and whatever comes in is an answer or trouble."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sansldap import BindRequest, FilterAnd, FilterEquality, LDAPResultCode, LDAPServer, PartialAttribute, SaslCredential, SearchRequest

from kerbauth.kdc.directory.messages import ENTRIES, BindStep, Entry, Found, Messages
from kerbauth.kdc.directory.trouble import DirectoryError

ATTRIBUTES = ("sAMAccountName", "objectSid")


def heard(data: bytes) -> Any:
    (message,) = LDAPServer().receive(data)
    return message


def answering(request: bytes) -> LDAPServer:
    """A server that has heard the request, which is the first."""
    server = LDAPServer()
    server.receive(request)
    return server


def entry_of(server: LDAPServer, name: bytes, number: int = 1) -> None:
    server.search_result_entry(number, "CN=x", [PartialAttribute("SAMACCOUNTNAME", [name])])


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
@example("*")
@example("a)(objectClass=*")
@example("\0\\2a")
def test_a_name_is_searched_for_as_it_is(name: str) -> None:
    request = heard(Messages().find_group("DC=corp,DC=example", name, *ATTRIBUTES))
    assert isinstance(request, SearchRequest)
    assert request.filter == FilterAnd([FilterEquality("objectClass", b"group"), FilterEquality("sAMAccountName", name.encode())])
    assert (request.base_object, request.size_limit, request.attributes) == ("DC=corp,DC=example", ENTRIES, list(ATTRIBUTES))


def test_a_bind_bears_its_token() -> None:
    request = heard(Messages().bind(b"token"))
    assert isinstance(request, BindRequest)
    assert request.authentication == SaslCredential("GSSAPI", b"token")


def test_the_servers_token_is_no_part_of_what_a_step_shows() -> None:
    assert "secret" not in repr(BindStep(done=False, token=b"secret"))


@pytest.mark.parametrize(("code", "done"), [(LDAPResultCode.SUCCESS, True), (LDAPResultCode.SASL_BIND_IN_PROGRESS, False)])
def test_a_bind_goes_on_or_is_done(code: LDAPResultCode, done: bool) -> None:
    messages = Messages()
    server = answering(messages.bind(b"token"))
    server.bind_response(1, b"theirs", code)
    assert messages.take(server.data_to_send()) == BindStep(done, b"theirs")


def test_a_bind_that_is_not_taken_is_trouble_with_the_servers_word() -> None:
    messages = Messages()
    server = answering(messages.bind(b"token"))
    server.bind_response(1, None, LDAPResultCode.INVALID_CREDENTIALS, diagnostics_message="80090308:\n LdapErr")
    with pytest.raises(DirectoryError, match=r"takes no bind from us: 49 INVALID_CREDENTIALS, 80090308:  LdapErr$"):
        messages.take(server.data_to_send())


def test_a_search_gives_its_entries_when_it_is_done() -> None:
    messages = Messages()
    server = answering(messages.read_root("dnsHostName"))
    entry_of(server, b"one")
    assert messages.take(server.data_to_send()) is None
    server.search_result_reference(1, ["ldap://elsewhere"])
    server.search_result_done(1)
    assert messages.take(server.data_to_send()) == Found((Entry({"samaccountname": (b"one",)}),))


def test_no_more_entries_are_kept_than_anybody_asks_for() -> None:
    messages = Messages()
    server = answering(messages.find_group("DC=x", "agents", *ATTRIBUTES))
    for _ in range(5):
        entry_of(server, b"agents")
    server.search_result_done(1, LDAPResultCode.SIZE_LIMIT_EXCEEDED)
    found = messages.take(server.data_to_send())
    assert isinstance(found, Found)
    assert len(found.entries) == ENTRIES


@pytest.mark.parametrize("code", [LDAPResultCode.STRONG_AUTH_REQUIRED, LDAPResultCode.BUSY, LDAPResultCode.REFERRAL])
def test_a_search_that_is_refused_is_trouble(code: LDAPResultCode) -> None:
    messages = Messages()
    server = answering(messages.find_group("DC=x", "agents", *ATTRIBUTES))
    server.search_result_done(1, code)
    with pytest.raises(DirectoryError, match=f"does not search: {int(code)} {code.name}"):
        messages.take(server.data_to_send())


def test_two_searches_do_not_share_their_entries() -> None:
    messages = Messages()
    server = answering(messages.find_group("DC=x", "agents", *ATTRIBUTES))
    entry_of(server, b"agents")
    server.search_result_done(1)
    messages.take(server.data_to_send())
    server.receive(messages.find_group("DC=x", "staff", *ATTRIBUTES))
    server.search_result_done(2)
    assert messages.take(server.data_to_send()) == Found(())


def test_an_answer_to_another_request_is_trouble() -> None:
    messages = Messages()
    server = answering(messages.read_root("dnsHostName"))
    server.search_result_done(1)
    stale = server.data_to_send()
    messages.take(stale)
    messages.read_root("dnsHostName")
    with pytest.raises(DirectoryError):
        messages.take(stale)


def test_more_behind_the_answer_is_trouble() -> None:
    messages = Messages()
    server = answering(messages.read_root("dnsHostName"))
    server.search_result_done(1)
    done = server.data_to_send()
    with pytest.raises(DirectoryError):
        messages.take(done + done)


def test_a_notice_of_disconnection_is_trouble() -> None:
    messages = Messages()
    messages.read_root("dnsHostName")
    body = b"\x0a\x01\x02\x04\x00\x04\x00\x8a\x16" + b"1.3.6.1.4.1.1466.20036"  # RFC 4511 4.4.1
    message = b"\x02\x01\x00\x78" + _length(len(body)) + body
    with pytest.raises(DirectoryError, match="ProtocolError"):
        messages.take(b"\x30" + _length(len(message)) + message)


def test_a_request_nested_beyond_all_measure_is_trouble() -> None:
    depth = 20_000
    nested = b"\x87\x01x"
    for _ in range(depth):
        nested = b"\xa2" + _length(len(nested)) + nested
        if len(nested) > 100_000:
            break
    body = b"\x04\x00\x0a\x01\x02\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00" + nested + b"\x30\x00"
    operation = b"\x63" + _length(len(body)) + body
    message = b"\x02\x01\x01" + operation
    messages = Messages()
    messages.read_root("dnsHostName")
    with pytest.raises(DirectoryError, match="RecursionError"):
        messages.take(b"\x30" + _length(len(message)) + message)


def _length(count: int) -> bytes:
    return bytes((count,)) if count < 0x80 else b"\x83" + count.to_bytes(3)


def reads(data: bytes) -> None:
    messages = Messages()
    messages.find_group("DC=x", "agents", *ATTRIBUTES)
    try:
        answer = messages.take(data)
    except DirectoryError as error:
        assert len(str(error)) < 400
    else:
        assert answer is None or isinstance(answer, Found | BindStep)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_trouble_or_the_beginning_of_one(data: bytes) -> None:
    reads(data)


def whole_answer() -> bytes:
    server = answering(Messages().find_group("DC=x", "agents", *ATTRIBUTES))
    entry_of(server, b"agents")
    server.search_result_reference(1, ["ldap://elsewhere"])
    server.search_result_done(1)
    return server.data_to_send()


@given(st.lists(st.tuples(st.integers(0, len(whole_answer()) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_answer_is_an_answer_or_trouble(changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(whole_answer())
    for at, value in changes:
        damaged[at] = value
    reads(bytes(damaged))


@given(st.integers(1, len(whole_answer()) - 1))
def test_an_answer_may_come_in_two_pieces(cut: int) -> None:
    messages = Messages()
    messages.find_group("DC=x", "agents", *ATTRIBUTES)
    assert messages.take(whole_answer()[:cut]) is None
    assert messages.take(whole_answer()[cut:]) == Found((Entry({"samaccountname": (b"agents",)}),))
