"""What workers share of a realm's limits."""

from pathlib import Path

import pytest

from kerbauth.assembly.realms import kerberos_realms
from kerbauth.settings import Fast, Settings, Transport, load


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    config = tmp_path / "kerbauth.toml"
    config.write_text(
        '[realms."A.TEST"]\nkind = "mit"\nkeytab = "k"\nservice = "HTTP/a.test"\nmax_concurrent = 32\nmax_waiting = 0\n'
        '[permissions]\nadapter = "none"\n'
    )
    return load(config, {})


@pytest.mark.parametrize(("workers", "each"), [(1, 32), (2, 16), (3, 11), (64, 1)])
def test_a_realms_limit_is_shared_among_workers_and_rounded_up(settings: Settings, workers: int, each: int) -> None:
    (realm,) = kerberos_realms(settings, workers)
    assert (realm.max_concurrent, realm.max_waiting) == (each, 0)


def test_how_far_ahead_users_are_warned_is_passed_on(settings: Settings) -> None:
    (realm,) = kerberos_realms(settings)
    assert realm.expiry_warning_days == 7


def test_the_kerberos_side_knows_the_servers_that_change_passwords(tmp_path: Path) -> None:
    config = tmp_path / "kerbauth.toml"
    config.write_text(
        '[realms."A.TEST"]\nkind = "mit"\nkeytab = "k"\nservice = "HTTP/a.test"\nkpasswd = ["b.test", "c.test:4640"]\n'
        '[permissions]\nadapter = "none"\n'
    )
    (realm,) = kerberos_realms(load(config, {}))
    assert realm.kpasswd == ("b.test", "c.test:4640")


def test_the_kerberos_side_knows_how_a_realms_kdcs_are_found_and_asked(tmp_path: Path) -> None:
    config = tmp_path / "kerbauth.toml"
    config.write_text(
        '[realms."A.TEST"]\nkind = "mit"\nkeytab = "k"\nservice = "HTTP/a.test"\ntransport = "tcp"\n'
        '[dns]\nservers = ["127.0.0.1:5353"]\n[permissions]\nadapter = "none"\n'
    )
    (realm,) = kerberos_realms(load(config, {}))
    assert (realm.transport, realm.resend_passwords, realm.site, realm.dns_servers) == (Transport.TCP, True, None, ("127.0.0.1:5353",))


def test_a_password_is_not_sent_twice_where_the_settings_say_so(tmp_path: Path) -> None:
    config = tmp_path / "kerbauth.toml"
    config.write_text(
        '[realms."A.TEST"]\nkind = "mit"\nkeytab = "k"\nservice = "HTTP/a.test"\nresend_passwords = false\n'
        '[permissions]\nadapter = "none"\n'
    )
    (realm,) = kerberos_realms(load(config, {}))
    assert not realm.resend_passwords


def test_the_kerberos_side_knows_whose_ticket_is_the_armour(tmp_path: Path) -> None:
    config = tmp_path / "kerbauth.toml"
    config.write_text(
        '[realms."A.TEST"]\nkind = "mit"\nkeytab = "k"\nservice = "HTTP/a.test"\naccount = "svc"\nfast = "try"\n'
        '[permissions]\nadapter = "none"\n'
    )
    (realm,) = kerberos_realms(load(config, {}))
    assert (realm.fast, realm.client) == (Fast.TRY, "svc@A.TEST")


def test_without_an_account_it_is_the_service_principals(settings: Settings) -> None:
    (realm,) = kerberos_realms(settings)
    assert (realm.fast, realm.client) == (Fast.OFF, "HTTP/a.test@A.TEST")
