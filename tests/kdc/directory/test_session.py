"""Asking a directory for groups after a real bind, with tickets of a real KDC: what is believed of a server, and what is trouble.

The server is ours and does what it is told (tests/kdc/directory/server.py); a real domain controller is asked in tests/ad.
"""

import asyncio
import struct
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from typing import Any

import pytest
from gssapi import raw
from sansldap import LDAPResultCode, LDAPServer, SearchRequest

from kerbauth.core.codes.model import Stage
from kerbauth.core.outcome import Unavailable
from kerbauth.core.reasons import Reason
from kerbauth.core.sid import Sid
from kerbauth.demo.principals import RealmDescription, Service
from kerbauth.demo.realm import ThrowawayRealm, free_port
from kerbauth.directory import DirectoryFailed, GroupFound, NoSuchGroup
from kerbauth.kdc.armour import LONG_REST
from kerbauth.kdc.directory.connection import ANSWER_LIMIT
from kerbauth.kdc.directory.groups import BIND_SECONDS, SEARCH_SECONDS, SERVERS, LdapGroups, RealmGroups
from kerbauth.kdc.directory.sealing import SEALED_LIMIT
from kerbauth.kdc.own_ticket import NoTicket
from kerbauth.kdc.realm import KerberosRealm
from tests.kdc.directory.asking import groups_of, service_environment
from tests.kdc.directory.server import DISTRIBUTION, Directory, group, serving

AGENTS = GroupFound(Sid("S-1-5-21-1-2-3-1117"))
OURS, DC, OTHER_DC, MACHINE = "HTTP/localhost", "ldap/dc1.ka.test/ka.test", "ldap/dc2.ka.test/ka.test", "ldap/pc7.ka.test"


@pytest.fixture(scope="module")
def realm() -> Iterator[ThrowawayRealm]:
    services = (Service(OURS, "http.keytab"), Service(DC, "dc.keytab"), Service(OTHER_DC, "dc2.keytab"), Service(MACHINE, "pc.keytab"))
    with ThrowawayRealm(RealmDescription("KA.TEST", services=services)) as running:
        yield running


__all__ = ["service_environment"]  # a fixture

pytestmark = pytest.mark.usefixtures("service_environment")


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time can be put forward."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


def run_later(test: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=Clock) as runner:
        runner.run(test)


def later(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Clock)
    loop.ahead += seconds


def configured(realm: ThrowawayRealm, *ldap: str) -> KerberosRealm:
    return KerberosRealm(realm.name, (realm.kdc,), realm.folder / "http.keytab", OURS, ldap=ldap)


def keytab(realm: ThrowawayRealm, name: str = "dc.keytab") -> bytes:
    return f"FILE:{realm.folder / name}".encode()


async def found_by(realm: ThrowawayRealm, directory: Directory, *names: str, **changed: Any) -> Any:
    """What asking this directory for groups gives."""
    async with serving(directory) as server, groups_of(replace(configured(realm, str(server)), **changed)) as groups:
        return await groups.find(names or ("agents",))


async def problem_with(realm: ThrowawayRealm, directory: Directory, **changed: Any) -> str:
    found = await found_by(realm, directory, **changed)
    assert isinstance(found, DirectoryFailed)
    return found.problem


async def test_groups_are_found_by_name_whatever_their_case(realm: ThrowawayRealm) -> None:
    directory = Directory(keytab(realm), group("Agents"), group("Züge", 1118))
    assert await found_by(realm, directory, "agents", "zÜGE", "nobody") == {
        "agents": AGENTS,
        "zÜGE": GroupFound(Sid("S-1-5-21-1-2-3-1118")),
        "nobody": NoSuchGroup("the directory has no group of that name"),
    }
    assert directory.connections == 1


async def test_a_group_of_a_similar_name_is_another_one(realm: ThrowawayRealm) -> None:
    class Lax(Directory):
        def find(self, request: SearchRequest) -> Any:
            return self.groups

    found = await found_by(realm, Lax(keytab(realm), group("Agénts")), "agents")
    assert found == {"agents": NoSuchGroup("the directory has only a group of a similar name")}


async def test_two_groups_of_one_name_are_none(realm: ThrowawayRealm) -> None:
    found = await found_by(realm, Directory(keytab(realm), group("agents"), group("Agents", 1118)))
    assert found == {"agents": NoSuchGroup("the directory has several groups of that name")}


async def test_a_distribution_group_is_none(realm: ThrowawayRealm) -> None:
    found = await found_by(realm, Directory(keytab(realm), group("agents", kind=DISTRIBUTION)))
    assert isinstance(found["agents"], NoSuchGroup)


async def test_a_sid_of_another_domain_than_the_settings_say_is_not_believed(realm: ThrowawayRealm) -> None:
    directory = Directory(keytab(realm), group("agents"))
    assert await found_by(realm, directory, domain_sid=Sid("S-1-5-21-1-2-3")) == {"agents": AGENTS}
    for other in ("S-1-5-21-9-9-9", "S-1-5-21-1-2"):  # the latter is the same text at its beginning, but no domain of the group
        found = await found_by(realm, directory, domain_sid=Sid(other))
        assert (found["agents"] == AGENTS) is (other == "S-1-5-21-1-2")


async def test_nothing_that_is_asked_after_the_bind_can_be_read_on_the_way(realm: ThrowawayRealm) -> None:
    class Listening(Directory):
        heard = b""

        def seal(self, context: Any, message: bytes) -> bytes:
            sealed = super().seal(context, message)
            self.heard += sealed
            return sealed

    directory = Listening(keytab(realm), group("agents"))
    assert await found_by(realm, directory) == {"agents": AGENTS}
    assert b"agents" not in directory.heard


async def test_a_server_without_the_domain_controllers_key_is_not_believed(realm: ThrowawayRealm) -> None:
    class Silent(Directory):
        """Cannot open the ticket, and goes on as if it could."""

        def answer_bind(self, server: LDAPServer, request: Any, connection: Any) -> None:
            server.bind_response(request.message_id)

    assert "does not come to the end of the bind" in await problem_with(realm, Silent(keytab(realm), group("agents")))


async def test_a_server_with_a_machines_key_is_not_believed(realm: ThrowawayRealm) -> None:
    directory = Directory(keytab(realm, "pc.keytab"), group("agents"))
    directory.root["dnsHostName"] = [b"pc7.ka.test"]
    assert "for ldap/pc7.ka.test/ka.test@KA.TEST" in await problem_with(realm, directory)
    assert directory.searched[-1].base_object == ""  # it was asked for nothing but its name


@pytest.mark.parametrize("name", [b"", b"dc1.ka.test@KB.TEST", b"dc1/x", b"dc1.ka.test\\@KB", b"dc 1", b"\xff", b"d" * 300])
async def test_a_servers_name_that_is_no_host_name_is_trouble(realm: ThrowawayRealm, name: bytes) -> None:
    directory = Directory(keytab(realm), group("agents"))
    directory.root["dnsHostName"] = [name]
    problem = await problem_with(realm, directory)
    assert "is no host name" in problem or "is no UTF-8" in problem


async def test_a_server_that_is_configured_by_name_must_be_that_one(realm: ThrowawayRealm) -> None:
    directory = Directory(keytab(realm), group("agents"))
    async with serving(directory) as server, groups_of(configured(realm, f"localhost:{server.port}")) as groups:
        found = await groups.find(["agents"])
    assert isinstance(found, DirectoryFailed)
    assert "for ldap/localhost/ka.test@KA.TEST" in found.problem  # and not for what it calls itself


@pytest.mark.parametrize("layers", [b"\x01\x00\x00\x00", b"\x02\x00\xff\xff", b"\x00\x00\x00\x00", b"\x04", b""])
async def test_a_server_that_does_not_seal_is_told_nothing(realm: ThrowawayRealm, layers: bytes) -> None:
    class Open(Directory):
        def offer(self) -> bytes:
            return layers

    directory = Open(keytab(realm), group("agents"))
    assert "does not offer to seal" in await problem_with(realm, directory)
    assert [search.base_object for search in directory.searched] == [""]


async def test_a_server_that_leaves_off_sealing_is_not_believed(realm: ThrowawayRealm) -> None:
    class Signs(Directory):
        def seal(self, context: Any, message: bytes) -> bytes:
            wrapped = raw.wrap(context, message, confidential=False).message
            return struct.pack("!I", len(wrapped)) + wrapped

    assert "has left off sealing" in await problem_with(realm, Signs(keytab(realm), group("agents")))


async def test_an_answer_in_clear_after_the_bind_is_not_believed(realm: ThrowawayRealm) -> None:
    class Clear(Directory):
        def seal(self, context: Any, message: bytes) -> bytes:
            return struct.pack("!I", len(message)) + message

    assert "sends what does not open" in await problem_with(realm, Clear(keytab(realm), group("agents")))


async def test_an_answer_that_was_changed_on_the_way_is_not_believed(realm: ThrowawayRealm) -> None:
    class Changed(Directory):
        def seal(self, context: Any, message: bytes) -> bytes:
            sealed = super().seal(context, message)
            return sealed[:-1] + bytes((sealed[-1] ^ 1,))

    assert "sends what does not open" in await problem_with(realm, Changed(keytab(realm), group("agents")))


async def test_an_answer_that_comes_again_is_not_believed(realm: ThrowawayRealm) -> None:
    class Repeating(Directory):
        first = b""

        def seal(self, context: Any, message: bytes) -> bytes:
            self.first = self.first or super().seal(context, message)
            return self.first

    assert "sends what does not open" in await problem_with(realm, Repeating(keytab(realm), group("agents")))


async def test_a_changed_proof_of_the_server_is_not_believed(realm: ThrowawayRealm) -> None:
    class Changed(Directory):
        def token(self, token: bytes) -> bytes:
            return token[:-1] + bytes((token[-1] ^ 1,))

    assert "does not prove itself" in await problem_with(realm, Changed(keytab(realm), group("agents")))


async def test_a_piece_that_is_too_large_is_not_waited_for(realm: ThrowawayRealm) -> None:
    class Large(Directory):
        def seal(self, context: Any, message: bytes) -> bytes:
            return struct.pack("!I", SEALED_LIMIT + 1) + bytes(10)

    assert f"sends {SEALED_LIMIT + 1} bytes in one piece" in await problem_with(realm, Large(keytab(realm), group("agents")))


async def test_an_answer_without_end_is_cut_off(realm: ThrowawayRealm) -> None:
    class Endless(Directory):
        def answer_search(self, server: LDAPServer, request: SearchRequest) -> None:
            if not request.base_object:
                super().answer_search(server, request)
                return
            for _ in range(ANSWER_LIMIT // 1000):
                server.search_result_reference(request.message_id, ["ldap://" + "x" * 1000])

        def seal(self, context: Any, message: bytes) -> bytes:
            cut = [message[at : at + 30_000] for at in range(0, len(message), 30_000)]
            return b"".join(super(Endless, self).seal(context, part) for part in cut)

    assert f"has more than {ANSWER_LIMIT} bytes" in await problem_with(realm, Endless(keytab(realm), group("agents")))


async def test_a_bind_that_is_refused_is_trouble_with_the_servers_word(realm: ThrowawayRealm) -> None:
    class Refusing(Directory):
        def answer_bind(self, server: LDAPServer, request: Any, connection: Any) -> None:
            server.bind_response(request.message_id, result_code=LDAPResultCode.INVALID_CREDENTIALS, diagnostics_message="data 52e")

    assert "49 INVALID_CREDENTIALS, data 52e" in await problem_with(realm, Refusing(keytab(realm), group("agents")))


async def test_a_bind_without_end_is_trouble(realm: ThrowawayRealm) -> None:
    class Endless(Directory):
        def answer_bind(self, server: LDAPServer, request: Any, connection: Any) -> None:
            if connection.context is None:
                super().answer_bind(server, request, connection)
                return
            offered = raw.wrap(connection.context, self.offer(), confidential=False).message
            server.bind_response(request.message_id, offered, LDAPResultCode.SASL_BIND_IN_PROGRESS)

    assert "does not come to the end of the bind" in await problem_with(realm, Endless(keytab(realm), group("agents")))


@pytest.mark.parametrize("sent", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00" * 40, b"\x30\x84\xff\xff\xff\xff" + b"\x02" * 40, b""])
async def test_a_server_that_speaks_no_ldap_is_trouble(realm: ThrowawayRealm, sent: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(sent)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, groups_of(configured(realm, f"127.0.0.1:{server.sockets[0].getsockname()[1]}")) as groups:
        assert isinstance(await groups.find(["agents"]), DirectoryFailed)


def test_a_server_that_says_nothing_is_given_up(realm: ThrowawayRealm) -> None:
    async def test() -> None:
        asked, over = asyncio.Event(), asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(100)
            asked.set()
            await over.wait()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server, groups_of(configured(realm, f"127.0.0.1:{server.sockets[0].getsockname()[1]}")) as groups:
            looking = asyncio.create_task(groups.find(["agents"]))
            await asked.wait()
            later(BIND_SECONDS)
            found = await looking
            over.set()
        assert isinstance(found, DirectoryFailed)
        assert found.problem.endswith("no answer in time")

    run_later(test())


def test_a_server_that_falls_silent_after_the_bind_is_given_up(realm: ThrowawayRealm) -> None:
    class Silent(Directory):
        def __init__(self, keytab: bytes) -> None:
            super().__init__(keytab)
            self.asked = asyncio.Event()

        def answer_search(self, server: LDAPServer, request: SearchRequest) -> None:
            if request.base_object:
                self.asked.set()
            else:
                super().answer_search(server, request)

    async def test() -> None:
        directory = Silent(keytab(realm))
        looking = asyncio.create_task(found_by(realm, directory))
        await directory.asked.wait()
        later(SEARCH_SECONDS)
        found = await looking
        assert isinstance(found, DirectoryFailed)
        assert found.problem.endswith("no answer in time")

    run_later(test())


async def test_the_next_server_is_asked_where_one_is_down(realm: ThrowawayRealm) -> None:
    directory = Directory(keytab(realm), group("agents"))
    async with serving(directory) as server, groups_of(configured(realm, f"127.0.0.1:{free_port()}", str(server))) as groups:
        assert await groups.find(["agents"]) == {"agents": AGENTS}


async def test_where_all_are_down_each_is_named_with_what_is_wrong(realm: ThrowawayRealm) -> None:
    down = [f"127.0.0.1:{free_port()}" for _ in range(SERVERS + 1)]
    async with groups_of(configured(realm, *down)) as groups:
        found = await groups.find(["agents"])
    assert isinstance(found, DirectoryFailed)
    assert found.problem == "; ".join(f"{server}: Connection refused" for server in down[:SERVERS])


async def test_a_name_that_can_be_none_is_trouble(realm: ThrowawayRealm) -> None:
    name = f"{'x' * 64}.test"  # a label may have 63 letters; no name server is asked about it
    async with groups_of(configured(realm, name)) as groups:
        assert await groups.find(["agents"]) == DirectoryFailed(f"{name}:389: no name can be like this")


async def test_without_servers_of_their_own_the_kdcs_hosts_are_asked(realm: ThrowawayRealm) -> None:
    async with groups_of(configured(realm)) as groups:
        found = await groups.find(["agents"])
    assert isinstance(found, DirectoryFailed)
    assert found.problem.startswith("127.0.0.1:389: ")  # where nobody of the tests listens


async def test_a_realm_that_is_not_configured_has_no_directory() -> None:
    assert isinstance(await LdapGroups({}).find_groups("KB.TEST", ["agents"]), DirectoryFailed)


async def test_without_a_kdc_there_is_no_ticket_and_nobody_is_asked(realm: ThrowawayRealm) -> None:
    directory = Directory(keytab(realm), group("agents"))
    assert await problem_with(realm, directory, kdcs=(f"127.0.0.1:{free_port()}",))
    assert directory.connections == 0


class Refused:
    """Tickets that the KDC does not give, since our key is wrong."""

    def __init__(self) -> None:
        self.asked = 0

    async def own(self) -> NoTicket:
        self.asked += 1
        return NoTicket(Unavailable(Reason.SERVICE_KEYS, Stage.AS, diagnostic="our key is wrong"), counted=True)

    async def service(self, own: object, service: str) -> NoTicket:
        raise AssertionError("there is no ticket to ask with")

    def hosts(self) -> list[str]:
        return []


def test_a_kdc_that_refuses_our_key_is_left_alone_before_it_locks_our_account(realm: ThrowawayRealm) -> None:
    async def test() -> None:
        tickets = Refused()
        groups = RealmGroups(configured(realm), tickets)
        assert await groups.find(["agents"]) == DirectoryFailed("service-keys: our key is wrong")
        again = await groups.find(["agents"])
        assert isinstance(again, DirectoryFailed)
        assert "is left alone for 60 seconds" in again.problem
        assert tickets.asked == 1
        for _ in range(2):  # twice as long after the second time
            later(LONG_REST)
            await groups.find(["agents"])
        assert tickets.asked == 2

    run_later(test())
