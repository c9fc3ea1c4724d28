"""KDCs that the settings name."""

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence

import pytest

from kerbauth.kdc.transport.address import Address
from kerbauth.kdc.transport.directory import LookupFailedError
from kerbauth.kdc.transport.names import REFRESH, RETRY, Configured, Info


def hosts(table: dict[str, list[str]]) -> Callable[[str, int], Sequence[Info]]:
    """A resolver that knows these hosts and no others."""

    def resolve(host: str, port: int) -> Sequence[Info]:
        if host not in table:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [info for address in table[host] for info in socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM)]

    return resolve


async def found(*names: str, table: dict[str, list[str]] | None = None) -> list[str]:
    return [each.text for each in (await Configured(names, hosts(table or {})).look_up()).addresses]


async def test_addresses_are_taken_as_they_are_with_port_88_where_none_is_named() -> None:
    names = ("127.0.0.1", "127.0.0.1:750", "[::1]", "[::1]:750")
    assert await found(*names) == ["127.0.0.1:88", "127.0.0.1:750", "[::1]:88", "[::1]:750"]


async def test_a_host_stands_for_all_its_addresses_of_both_families_in_its_place() -> None:
    table = {"kdc1.ka.test": ["::1", "127.0.0.1"], "kdc2.ka.test": ["127.0.0.2"]}
    assert await found("kdc2.ka.test", "kdc1.ka.test:750", table=table) == ["127.0.0.2:88", "[::1]:750", "127.0.0.1:750"]


async def test_the_machines_own_resolver_is_asked() -> None:
    addresses = (await Configured(["localhost:750"]).look_up()).addresses
    assert "127.0.0.1:750" in {each.text for each in addresses}
    assert {each.name for each in addresses} == {"localhost:750"}


async def test_a_host_that_is_not_found_is_told_while_no_other_is_known() -> None:
    with pytest.raises(LookupFailedError, match=r"kdc1\.ka\.test: Name or service not known") as failed:
        await found("kdc1.ka.test")
    assert failed.value.pause == RETRY


async def test_a_host_that_is_not_found_does_not_hide_the_others_and_is_looked_for_soon(caplog: pytest.LogCaptureFixture) -> None:
    directory = Configured(["kdc1.ka.test", "127.0.0.1"], hosts({}))
    for _ in range(2):
        found = await directory.look_up()
        assert ([each.text for each in found.addresses], found.keep) == (["127.0.0.1:88"], RETRY)
    assert caplog.messages == ["the KDC kdc1.ka.test is not found (it has no address yet): Name or service not known"]


async def test_a_host_that_is_not_found_any_more_keeps_its_addresses(caplog: pytest.LogCaptureFixture) -> None:
    table = {"kdc1.ka.test": ["127.0.0.1"]}
    directory = Configured(["kdc1.ka.test"], hosts(table))
    before = await directory.look_up()
    table.clear()
    after = await directory.look_up()
    assert (before.keep, after.keep) == (REFRESH, RETRY)
    assert after.addresses == before.addresses
    assert caplog.messages == ["the KDC kdc1.ka.test is not found (its earlier addresses stay): Name or service not known"]


async def test_a_host_that_moves_is_found_at_its_new_address() -> None:
    table = {"kdc1.ka.test": ["127.0.0.1"]}
    directory = Configured(["kdc1.ka.test"], hosts(table))
    await directory.look_up()
    table["kdc1.ka.test"] = ["127.0.0.2"]
    assert [each.text for each in (await directory.look_up()).addresses] == ["127.0.0.2:88"]


async def test_a_label_that_no_host_can_have_is_told() -> None:
    with pytest.raises(LookupFailedError, match="label"):
        await Configured([f"{'x' * 64}.test"]).look_up()


async def test_the_event_loop_goes_on_while_the_resolver_hangs() -> None:
    released, begun = threading.Event(), threading.Event()

    def hang(host: str, port: int) -> Sequence[Info]:
        begun.set()
        released.wait(10)
        return []

    look = asyncio.create_task(Configured(["kdc1.ka.test"], hang).look_up())
    await asyncio.to_thread(begun.wait, 5)
    assert not look.done()
    released.set()
    with pytest.raises(LookupFailedError):
        await look


async def test_addresses_of_a_family_without_a_way_are_left_out_as_long_as_there_are_others() -> None:
    table = {"kdc1.ka.test": ["255.255.255.255", "127.0.0.1"]}  # broadcast is not permitted to a plain socket
    assert await found("kdc1.ka.test", table=table) == ["127.0.0.1:88"]
    assert await found("kdc1.ka.test", table={"kdc1.ka.test": ["255.255.255.255"]}) == ["255.255.255.255:88"]


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="port"):
        Configured(["kdc1.ka.test:99999"])


def test_addresses_are_written_as_people_write_them() -> None:
    assert Address("kdc", socket.AF_INET6, ("2001:db8::1", 88, 0, 0)).text == "[2001:db8::1]:88"
