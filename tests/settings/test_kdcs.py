"""How a realm's KDCs are found and asked."""

from pathlib import Path

import pytest

from kerbauth.settings import Fast, RealmKind, Transport
from kerbauth.settings.realm_names import NameSettings
from kerbauth.settings.realms import RealmSettings
from tests.settings.files import PERMISSIONS, REALM, only_problem, problems, read


@pytest.mark.parametrize("transport", list(Transport))
def test_an_mit_realm_is_asked_over_what_is_written(tmp_path: Path, transport: Transport) -> None:
    assert read(tmp_path, REALM, f'transport = "{transport.value}"', PERMISSIONS).realms["CORP.EXAMPLE"].asked_over is transport


def test_where_nothing_is_written_the_transport_is_auto(tmp_path: Path) -> None:
    assert read(tmp_path, REALM, PERMISSIONS).realms["CORP.EXAMPLE"].asked_over is Transport.AUTO


@pytest.mark.parametrize(
    ("transport", "over"), [(Transport.AUTO, Transport.TCP), (Transport.UDP, Transport.UDP), (Transport.TCP, Transport.TCP)]
)
def test_an_active_directory_realm_is_asked_over_tcp_unless_udp_is_wanted(transport: Transport, over: Transport) -> None:
    realm = RealmSettings.model_construct(kind=RealmKind.AD, transport=transport, keytab=Path(), service="HTTP/a", names=NameSettings())
    assert realm.asked_over is over


def test_another_transport_is_refused(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, REALM, 'transport = "sctp"', PERMISSIONS)
    assert problem.key == 'realms."CORP.EXAMPLE".transport'


def test_a_site_means_nothing_to_an_mit_realm(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, REALM, 'site = "Berlin"', PERMISSIONS)
    assert (problem.key, problem.message) == ('realms."CORP.EXAMPLE".site', 'means nothing with kind = "mit"; remove it')


def test_a_site_means_nothing_where_the_domain_controllers_are_named(tmp_path: Path) -> None:
    found = problems(tmp_path, REALM.replace('"mit"', '"ad"'), 'kdcs = ["dc1"]\nsite = "Berlin"', PERMISSIONS)
    assert "means nothing where `kdcs` name the domain controllers; remove one of the two" in {each.message for each in found}


@pytest.mark.parametrize("site", ["", "a b", "a.b", "-a", "a-", "a" * 64, "\u00e4"])
def test_a_site_that_is_no_label_is_refused(tmp_path: Path, site: str) -> None:
    problem = only_problem(tmp_path, REALM, f'site = "{site}"', PERMISSIONS)
    assert "is no name of a site" in problem.message


@pytest.mark.parametrize("server", ["127.0.0.1", "127.0.0.1:5353", "[::1]", "[2001:db8::1]:53"])
def test_a_name_server_is_an_address_with_or_without_a_port(tmp_path: Path, server: str) -> None:
    assert read(tmp_path, f'[dns]\nservers = ["{server}"]', REALM, PERMISSIONS).dns.servers == (server,)


@pytest.mark.parametrize(
    ("server", "message"),
    [("dns.corp.example", "is no IP address"), ("127.0.0.1:0", "has the port 0"), ("::1", "is no host or host:port"), ("", "has no host")],
)
def test_a_name_server_that_is_none_is_refused(tmp_path: Path, server: str, message: str) -> None:
    problem = only_problem(tmp_path, f'[dns]\nservers = ["{server}"]', REALM, PERMISSIONS)
    assert problem.key == "dns.servers[1]"
    assert message in problem.message


def test_without_the_table_the_machines_name_servers_are_asked(tmp_path: Path) -> None:
    assert read(tmp_path, REALM, PERMISSIONS).dns.servers == ()


@pytest.mark.parametrize("fast", list(Fast))
def test_passwords_go_out_in_armour_as_it_is_written(tmp_path: Path, fast: Fast) -> None:
    assert read(tmp_path, REALM, f'fast = "{fast.value}"', PERMISSIONS).realms["CORP.EXAMPLE"].fast is fast


def test_where_nothing_is_written_passwords_go_out_without_armour(tmp_path: Path) -> None:
    assert read(tmp_path, REALM, PERMISSIONS).realms["CORP.EXAMPLE"].fast is Fast.OFF


def test_another_word_for_armour_is_refused(tmp_path: Path) -> None:
    assert only_problem(tmp_path, REALM, 'fast = "demand"', PERMISSIONS).key == 'realms."CORP.EXAMPLE".fast'


@pytest.mark.parametrize("account", ["svc-kerbauth", "KERBAUTH$", "armour/sso.corp.example"])
def test_an_account_is_named_without_its_realm(tmp_path: Path, account: str) -> None:
    assert read(tmp_path, REALM, f'account = "{account}"', PERMISSIONS).realms["CORP.EXAMPLE"].account == account


@pytest.mark.parametrize("account", ["", "svc@CORP.EXAMPLE", "svc kerbauth", "a/b/c", "svc\\tkerbauth", " svc", "svc/"])
def test_what_is_no_account_is_refused(tmp_path: Path, account: str) -> None:
    assert only_problem(tmp_path, REALM, f'account = "{account}"', PERMISSIONS).key == 'realms."CORP.EXAMPLE".account'
