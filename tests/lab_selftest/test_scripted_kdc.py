"""The scripted KDC does with a request what it is told to do."""

import contextlib
import gc
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from kerbauth.demo.realm import LISTEN
from tests.integration.kdc import LabRealm
from tests.kdc import wire
from tests.kdc.behaviours import (
    by_number,
    by_transport,
    changed,
    claiming,
    constantly,
    delayed,
    error,
    flipped,
    half_a_length,
    half_a_message,
    hang_up,
    in_pieces,
    of_realm,
    one_late,
    preauth_required,
    preceded_by,
    preceded_by_a_foreigner,
    proves_a_password,
    relay,
    repeatedly,
    silence,
    swallowed,
    truncated,
    where,
    wrong_nonce,
)
from tests.kdc.scripted import Behaviour, Exchange, scripted_kdc
from tests.lab_selftest.kdc_clients import DESCRIPTION, NAME, by_tcp, by_udp, decoded, kinit

NO_REQUEST = b"any bytes"


@pytest.fixture(scope="module")
def realm() -> Iterator[LabRealm]:
    with LabRealm.described(DESCRIPTION) as running:
        yield running


@pytest.fixture(scope="module")
def request_of_kinit(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An AS-REQ as MIT's client makes it, without a proof."""
    with scripted_kdc(error(6, wire.ErrorFields(realm=NAME))) as kdc:
        kinit(kdc, tmp_path_factory.mktemp("request"))
    return kdc.asked[0].message


@pytest.mark.parametrize("udp", [True, False])
def test_through_a_relay_kinit_gets_its_ticket_and_one_of_two_requests_bears_a_proof(realm: LabRealm, tmp_path: Path, udp: bool) -> None:
    with scripted_kdc(relay, upstream=realm.kdc) as kdc:
        status, said = kinit(kdc, tmp_path, udp=udp)
    assert status == 0, said
    assert [(asked.number, asked.transport, asked.kind, asked.proves_a_password) for asked in kdc.asked] == [
        (1, "udp" if udp else "tcp", wire.AS_REQ, False),
        (2, "udp" if udp else "tcp", wire.AS_REQ, True),
    ]
    assert kdc.proofs == kdc.asked[1:]


def test_preauthentication_is_asked_for_as_long_as_the_client_goes_along(tmp_path: Path) -> None:
    with scripted_kdc(preauth_required(NAME, "salt")) as kdc:
        status, _ = kinit(kdc, tmp_path)
    assert status == 1
    assert len(kdc.asked) > 1, "it was asked again after the proof"


@pytest.mark.parametrize("behaviour", [wrong_nonce, of_realm(NAME, "LAX.TEST")], ids=["nonce", "realm"])
def test_a_wrong_nonce_or_realm_in_a_good_reply_is_what_kinit_refuses_it_for(realm: LabRealm, tmp_path: Path, behaviour: Behaviour) -> None:
    with scripted_kdc(where(proves_a_password, behaviour), upstream=realm.kdc) as kdc:
        before = realm.mark()
        status, said = kinit(kdc, tmp_path)
    assert status == 1
    assert "KDC reply did not match expectations" in said
    assert realm.requests(before)[-1].status == "ISSUE"


def test_mits_client_reads_the_iterations_that_a_changed_as_rep_asks_for(realm: LabRealm, tmp_path: Path) -> None:
    asks = wire.pa_data(wire.ETYPE_INFO2, wire.etype_info2(wire.AES256, "salt", wire.iterations(0x1002)))
    with scripted_kdc(changed(lambda reply: wire.with_padata(reply, asks)), upstream=realm.kdc) as kdc:
        status, said = kinit(kdc, tmp_path, user="unproved")
    assert (status, len(kdc.asked), kdc.proofs) == (1, 1, [])
    assert 'etype aes256-cts, salt "salt", params "\\x00\\x00\\x10\\x02"' in said


def test_a_swallowed_reply_was_given_by_the_real_kdc(realm: LabRealm, request_of_kinit: bytes) -> None:
    before = realm.mark()
    with scripted_kdc(by_number({1: swallowed}), upstream=realm.kdc) as kdc, by_udp(kdc) as client:
        client.send(request_of_kinit)
        while not realm.requests(before):
            pass
        client.send(request_of_kinit)
        assert wire.message_type(client.take()) == wire.KRB_ERROR


def test_a_silent_request_stays_without_an_answer_and_the_next_gets_its_own() -> None:
    with scripted_kdc(by_number({1: silence, 2: delayed(0.01, constantly(b"2"))}, error(7))) as kdc, by_udp(kdc) as client:
        client.send(NO_REQUEST)
        client.send(NO_REQUEST)
        assert client.take() == b"2"
        client.send(NO_REQUEST)
        assert decoded(client.take()).error_code == 7
    assert (len(kdc.asked), kdc.proofs) == (3, [])


def test_replies_are_cut_turned_and_repeated(realm: LabRealm, request_of_kinit: bytes) -> None:
    with scripted_kdc(relay, upstream=realm.kdc) as kdc, by_udp(kdc) as client:
        kdc.behaviour = changed(lambda reply: reply + reply)
        client.send(request_of_kinit)
        twice = client.take()
        whole = twice[: len(twice) // 2]
        assert twice == whole * 2
        kdc.behaviour = truncated(10)
        client.send(request_of_kinit)  # MIT's KDC answers a request that it knows as it did before: kdc/replay.c
        assert client.take() == whole[:10]
        kdc.behaviour = flipped(-1)
        client.send(request_of_kinit)
        assert client.take() == whole[:-1] + bytes((whole[-1] ^ 1,))
        kdc.behaviour = repeatedly(3)
        client.send(request_of_kinit)
        assert [client.take() for _ in range(3)] == [whole] * 3
        kdc.behaviour = preceded_by(b"before")
        client.send(request_of_kinit)
        assert [client.take() for _ in range(2)] == [b"before", whole]


def test_a_foreigner_answers_from_another_address(realm: LabRealm, request_of_kinit: bytes) -> None:
    with scripted_kdc(preceded_by_a_foreigner(b"foreign"), upstream=realm.kdc) as kdc, by_udp(kdc) as client:
        client.send(request_of_kinit)
        (first, foreigner), (second, peer) = client.socket.recvfrom(65536), client.socket.recvfrom(65536)
    assert first == b"foreign"
    assert foreigner[1] != kdc.port
    assert (wire.message_type(second), peer) == (wire.KRB_ERROR, (LISTEN, kdc.port))


def test_a_late_reply_is_overtaken_by_the_next(realm: LabRealm, request_of_kinit: bytes) -> None:
    other = wire.with_nonce_changed(request_of_kinit)
    with scripted_kdc(one_late(), upstream=realm.kdc) as kdc, by_udp(kdc) as first, by_udp(kdc) as second:
        first.send(request_of_kinit)
        while not kdc.asked:
            pass
        second.send(other)
        assert wire.message_type(second.take()) == wire.message_type(first.take()) == wire.KRB_ERROR


def test_tcp_messages_come_in_pieces_halves_or_not_at_all(realm: LabRealm, request_of_kinit: bytes) -> None:
    with scripted_kdc(relay, upstream=realm.kdc) as kdc:
        with by_tcp(kdc) as client:
            client.send(request_of_kinit)
            whole = client.take()
            kdc.behaviour = in_pieces(7)
            client.send(request_of_kinit)
            assert client.take() == whole
        for behaviour, sent in (
            (half_a_message(then_hang_up=True), struct.pack("!I", len(whole)) + whole[: len(whole) // 2]),
            (hang_up, b""),
        ):
            with by_tcp(kdc) as client:
                kdc.behaviour = behaviour
                client.send(request_of_kinit)
                assert client.exactly(65536) == sent
        for stalling, some in ((half_a_length(), b"\0\0"), (claiming(0x7FFFFFFF), b"\x7f\xff\xff\xff")):
            with by_tcp(kdc) as client:
                kdc.behaviour = stalling
                client.send(request_of_kinit)
                assert client.exactly(len(some)) == some
    assert kdc.connections == 5


def test_a_request_in_pieces_over_tcp_is_one_request() -> None:
    with scripted_kdc(constantly(b"got")) as kdc, by_tcp(kdc) as client:
        for byte in struct.pack("!I", len(NO_REQUEST)) + NO_REQUEST:
            client.socket.sendall(bytes((byte,)))
        assert client.take() == b"got"
    assert [asked.message for asked in kdc.asked] == [NO_REQUEST]


def test_each_transport_can_have_its_own_way(realm: LabRealm, tmp_path: Path) -> None:
    too_big = error(wire.RESPONSE_TOO_BIG, wire.ErrorFields(realm=NAME))
    with scripted_kdc(by_transport(udp=too_big), upstream=realm.kdc) as kdc:
        status, said = kinit(kdc, tmp_path, udp=True)
    assert status == 0, said
    assert {asked.transport for asked in kdc.proofs} <= {"udp", "tcp"}
    assert kdc.connections >= 1


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_transport_that_is_not_wanted_is_not_there(kind: socket.SocketKind) -> None:
    wanted = frozenset({"udp" if kind is socket.SOCK_STREAM else "tcp"})
    with scripted_kdc(silence, transports=wanted) as kdc, socket.socket(type=kind) as other:
        other.bind((LISTEN, kdc.port))  # fails if anybody has the port for this transport
        assert other.getsockname()[1] == kdc.port


def test_a_mistake_in_a_behaviour_fails_the_test() -> None:
    async def mistaken(exchange: Exchange) -> None:
        raise KeyError(exchange.asked.number)

    def run() -> None:
        with scripted_kdc(by_number({1: mistaken}, constantly(b"2"))) as kdc, by_udp(kdc) as client:
            client.send(NO_REQUEST)
            client.send(NO_REQUEST)
            assert client.take() == b"2"

    with pytest.raises(AssertionError, match="KeyError"):
        run()


def test_connections_end_with_it_whenever_they_came() -> None:
    with scripted_kdc(silence) as kdc:
        clients = [socket.create_connection((LISTEN, kdc.port), timeout=10) for _ in range(50)]
    gc.collect()  # what was left open is found, and is a ResourceWarning: an error here
    for client in clients:
        with client, contextlib.suppress(ConnectionResetError):  # that is how those end that nobody had accepted yet
            assert client.recv(1) == b""
