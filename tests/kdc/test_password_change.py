"""From an old password to what a server made of the new one: the steps, and what each answer means."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.codes.model import Family, Stage
from kerbauth.core.outcome import Change, Changed, Notice, Proof, Proved, Refused, Severity, Unavailable
from kerbauth.core.principal import Principal
from kerbauth.core.reasons import Reason
from kerbauth.core.secret import Secret
from kerbauth.kdc import password_change
from kerbauth.kdc.libkrb5.context import LibraryError
from kerbauth.kdc.password_change import KpasswdChanger, meaning
from kerbauth.kdc.protocol.kpasswd import Failed, KpasswdResult, Result, Unreadable, frame
from kerbauth.kdc.protocol.krb_error import KrbError
from kerbauth.kdc.realm import KerberosRealm
from kerbauth.kdc.transport.kpasswd import Server
from kerbauth.ports import Recognise
from kerbauth.settings.kdcs import Transport
from kerbauth.texts import load_texts

ALICE = Principal(("alice",), "KA.TEST")
SERVER = Server("dc1.ka.test")
WRONG = Refused(Reason.BAD_CREDENTIALS, Stage.CHANGEPW_PROOF)
BLOB = struct.pack("!HIIIqq", 0, 12, 24, 1, 0, 864_000_000_000)


@dataclass
class Proven:
    """Implements `ProvedOld`: frames its request without sealing it, and takes the reply for what it was told."""

    result: KpasswdResult
    until: float = 0.0
    principal: Principal = ALICE
    replies: list[bytes] = field(default_factory=list)
    broken: bool = False

    async def request(self, new: Secret, local_address: str) -> bytes:
        if self.broken:
            raise LibraryError(-1, "no memory")
        return frame(b"AP-REQ", b"sealed " + new.reveal() + b" from " + local_address.encode())

    async def answer(self, reply: bytes) -> KpasswdResult:
        self.replies.append(reply)
        return self.result


@dataclass
class Engine:
    """Implements `ChangeEngine` without a KDC."""

    proved: Proven | Refused | Unavailable
    hosts: tuple[str, ...] = ()
    seconds: float = 20.0

    @asynccontextmanager
    async def prove_old(
        self, principal: Principal, old: Secret, late: Callable[[Proof], None] | None = None, recognise: Recognise | None = None
    ) -> AsyncIterator[Proven | Refused | Unavailable]:
        if isinstance(self.proved, Proven):
            self.proved.until = asyncio.get_running_loop().time() + self.seconds
        yield self.proved

    def kdc_hosts(self, realm: str) -> Sequence[str]:
        return self.hosts


def realm(*kpasswd: str, kdcs: tuple[str, ...] = ()) -> KerberosRealm:
    return KerberosRealm("KA.TEST", kdcs, Path("none"), "HTTP/localhost", kpasswd=kpasswd)


async def change(engine: Engine, realm: KerberosRealm) -> Change:
    return await KpasswdChanger((realm,), engine).change(ALICE, Secret(b"old"), Secret(b"new"))


class Requests(list[bytes]):
    """What a server was sent, and whether it was sent anything."""

    def __init__(self) -> None:
        super().__init__()
        self.came = asyncio.Event()


@asynccontextmanager
async def server(reply: bytes | None) -> AsyncIterator[tuple[str, Requests]]:
    requests = Requests()

    served: list[asyncio.Task[None]] = []

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.get_running_loop().create_task(serve(reader, writer)))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readexactly(struct.unpack("!I", await reader.readexactly(4))[0]))
        requests.came.set()
        if reply is None:
            await reader.read()
        else:
            writer.write(struct.pack("!I", len(reply)) + reply)
        writer.close()
        await writer.wait_closed()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{listening.sockets[0].getsockname()[1]}", requests
    finally:
        listening.close()
        await listening.wait_closed()
        await asyncio.gather(*served)


async def test_a_success_under_the_session_key_is_a_change() -> None:
    proven = Proven(Result(0, b""))
    async with server(b"sealed reply") as (address, requests):
        assert await change(Engine(proven), realm(address)) == Changed(ALICE)
    assert (requests, proven.replies) == ([frame(b"AP-REQ", b"sealed new from 127.0.0.1")], [b"sealed reply"])


async def test_over_udp_it_is_one_datagram() -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(("127.0.0.1", 0))
        ours.settimeout(0)
        over_udp = replace(realm(f"127.0.0.1:{ours.getsockname()[1]}"), transport=Transport.UDP)
        asked = asyncio.create_task(change(Engine(Proven(Result(0, b""))), over_udp))
        request, sender = await loop.sock_recvfrom(ours, 65_535)
        await loop.sock_sendto(ours, b"sealed reply", sender)
        assert (request, await asked) == (frame(b"AP-REQ", b"sealed new from 127.0.0.1"), Changed(ALICE))


@pytest.mark.parametrize("proved", [WRONG, Unavailable(Reason.KDC_UNREACHABLE, Stage.CHANGEPW_PROOF, pending=True)])
async def test_without_a_proof_of_the_old_password_nothing_is_sent(proved: Refused | Unavailable) -> None:
    async with server(b"reply") as (address, requests):
        assert await change(Engine(proved), realm(address)) is proved
        assert requests == []


async def test_a_server_that_cannot_be_reached_has_not_changed_it() -> None:
    outcome = await change(Engine(Proven(Result(0, b""))), realm("127.0.0.1:1"))
    assert isinstance(outcome, Unavailable)
    assert (outcome.reason, outcome.stage, outcome.pending) == (Reason.KDC_UNREACHABLE, Stage.KPASSWD, False)


async def test_a_server_that_does_not_answer_may_have_changed_it_and_the_deadline_ends_the_wait() -> None:
    async with server(None) as (address, _):
        began = asyncio.get_running_loop().time()
        outcome = await change(Engine(Proven(Result(0, b"")), seconds=0.2), realm(address))
        assert asyncio.get_running_loop().time() - began < 5
    assert isinstance(outcome, Unavailable)
    assert (outcome.reason, outcome.stage, outcome.pending) == (Reason.KDC_UNREACHABLE, Stage.KPASSWD, True)


async def test_a_request_that_cannot_be_made_is_our_fault_and_not_sent() -> None:
    async with server(b"reply") as (address, requests):
        outcome = await change(Engine(Proven(Result(0, b""), broken=True)), realm(address))
        assert requests == []
    assert outcome == Unavailable(Reason.INTERNAL, Stage.KPASSWD, diagnostic="no memory")


async def test_whoever_hangs_up_behind_the_proof_has_shown_the_right_password() -> None:
    told: list[Proof] = []
    async with server(None) as (address, requests):
        changer = KpasswdChanger((realm(address),), Engine(Proven(Result(0, b""))))
        task = asyncio.create_task(changer.change(ALICE, Secret(b"old"), Secret(b"new"), told.append))
        async with asyncio.timeout(20):
            await requests.came.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert told == [Proved(ALICE)]


async def test_a_realm_that_is_not_configured_is_a_fault_and_never_a_packet() -> None:
    outcome = await KpasswdChanger((), Engine(WRONG)).change(ALICE, Secret(b"old"), Secret(b"new"))
    assert isinstance(outcome, Unavailable)
    assert outcome.reason is Reason.INTERNAL


@pytest.mark.parametrize(
    ("configured", "kdcs", "found", "expected"),
    [
        (("a", "b:4640", "[::1]"), ("c",), (), (Server("a"), Server("b", 4640), Server("::1"))),
        ((), ("c:88", "c:750", "[::1]:88"), (), (Server("c"), Server("::1"))),
        ((), (), ("dc1.ka.test", "dc2.ka.test"), (Server("dc1.ka.test"), Server("dc2.ka.test"))),
    ],
)
def test_the_servers_are_those_configured_else_the_kdcs_hosts(
    configured: tuple[str, ...], kdcs: tuple[str, ...], found: tuple[str, ...], expected: tuple[Server, ...]
) -> None:
    changer = KpasswdChanger((), Engine(WRONG, found))
    assert changer._servers(realm(*configured, kdcs=kdcs)) == expected


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (1, Unavailable, Reason.KDC_ERROR),
        (2, Unavailable, Reason.KDC_ERROR),
        (3, Refused, Reason.BAD_CREDENTIALS),
        (4, Refused, Reason.PASSWORD_REJECTED),
        (5, Refused, Reason.ACCOUNT_RESTRICTED),
        (6, Unavailable, Reason.KDC_ERROR),
        (7, Unavailable, Reason.INTERNAL),
    ],
)
def test_each_result_has_its_reason_and_its_code_on_record(code: int, kind: type, reason: Reason) -> None:
    outcome = meaning(Result(code, b"said\nso"), ALICE, SERVER)
    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Changed)
    assert (outcome.reason, outcome.stage) == (reason, Stage.KPASSWD)
    assert [(each.family, each.number) for each in outcome.codes] == [(Family.KPASSWD, code)]
    assert outcome.diagnostic == "dc1.ka.test:464: said so"
    assert isinstance(outcome, Unavailable) or outcome.proved


def test_the_servers_own_words_on_policy_are_passed_on_cleaned_and_cut() -> None:
    outcome = meaning(Result(4, b"zu\x1b[31m kurz\n" + b"\xff" + b"x" * 300), ALICE, SERVER)
    (notice,) = outcome.notices
    assert (notice.foreign, notice.detail) == (True, "zu [31m kurz \ufffd" + "x" * 186)


def test_a_policy_of_active_directory_becomes_sentences() -> None:
    outcome = meaning(Result(4, BLOB), ALICE, SERVER)
    texts = load_texts(["en"], "en")
    assert [texts.notice("en", notice) for notice in outcome.notices] == [
        "A password needs 12 characters at least.",
        "Your last 24 passwords cannot be used again.",
        "A password can be changed again once it is 1 day old.",
        password_change.COMPLEXITY,
    ]


def test_rules_that_a_policy_does_not_have_are_not_told() -> None:
    assert meaning(Result(4, struct.pack("!HIIIqq", 0, 0, 0, 0, 0, 0)), ALICE, SERVER).notices == ()


def test_without_words_there_is_nothing_to_pass_on() -> None:
    assert meaning(Result(4, b"\x00 \n"), ALICE, SERVER).notices == ()


def test_an_account_that_may_not_change_its_password_is_told_so() -> None:
    assert meaning(Result(5, b""), ALICE, SERVER).notices == (Notice(Severity.INFO, Reason.ACCOUNT_RESTRICTED, password_change.MAY_NOT),)


def test_an_error_of_kerberos_has_its_own_reason_and_text_for_the_log() -> None:
    error = KrbError(60, datetime(2026, 1, 1, tzinfo=UTC), "generic", None)
    outcome = meaning(Failed(error), ALICE, SERVER)
    assert isinstance(outcome, Unavailable)
    assert (outcome.reason, outcome.pending, outcome.diagnostic) == (Reason.KDC_ERROR, False, "dc1.ka.test:464: generic")


def test_a_reply_that_cannot_be_read_leaves_open_what_became_of_the_password() -> None:
    outcome = meaning(Unreadable("it is garbled"), ALICE, SERVER)
    assert isinstance(outcome, Unavailable)
    assert (outcome.reason, outcome.stage, outcome.pending) == (Reason.KDC_ERROR, Stage.KPASSWD, True)


@given(st.integers(0, 7), st.binary(max_size=60))
def test_nothing_but_the_code_of_success_is_a_change(code: int, text: bytes) -> None:
    assert isinstance(meaning(Result(code, text), ALICE, SERVER), Changed) == (code == 0)


@given(st.integers(-(1 << 31), (1 << 31) - 1), st.text(max_size=50) | st.none())
def test_no_error_is_a_change(code: int, text: str | None) -> None:
    error = KrbError(code, datetime(2026, 1, 1, tzinfo=UTC), text, None)
    assert isinstance(meaning(Failed(error), ALICE, SERVER), Refused | Unavailable)
