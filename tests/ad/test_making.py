"""Domains are copied, started and ended as the tests need it: beside each other, at addresses of their own, with nothing left behind."""

import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.ad.addresses import Address
from tests.ad.domain import Domain
from tests.ad.shared import pair


@pytest.fixture
def template(domain: Domain, templates: Path) -> Path:
    """What there is to copy of the first domain."""
    return templates / domain.netbios


def test_another_process_has_copies_of_both_domains_at_addresses_of_its_own(
    domain: Domain, other_domain: Domain, templates: Path, tmp_path: Path
) -> None:
    names = (domain.realm, domain.netbios), (other_domain.realm, other_domain.netbios)

    def nothing_to_make(one: Domain, other: Domain) -> None:
        pytest.fail("the domains were made already")

    since = domain.mark()
    with pair(names, nothing_to_make, templates) as (copy, other):
        assert (copy.domain_sid, other.domain_sid) == (domain.domain_sid, other_domain.domain_sid)
        assert len({each.address for each in (domain, other_domain, copy, other)}) == 4
        assert copy.token("alice", tmp_path / "cc", service=f"HTTP/{other.host}@{other.realm}")
        assert [each.account for each in copy.attempts()] == ["alice"]
        assert domain.attempts(since) == []


def test_a_controller_comes_back_with_its_data_and_its_folder_goes_with_it(domain: Domain, template: Path, tmp_path: Path) -> None:
    with Domain(domain.realm, domain.netbios, lockout_threshold=2, template=template) as copy:
        user = copy.provisioned().user()
        copy.start().stop()
        with pytest.raises(AssertionError, match="Cannot contact any KDC"):
            copy.kinit(user, tmp_path / "cc")
        copy.start()
        for _ in range(2):
            with pytest.raises(AssertionError, match="Password incorrect"):
                copy.kinit(user, tmp_path / "cc", password="wrong")
        with pytest.raises(AssertionError, match="credentials have been revoked"):
            copy.kinit(user, tmp_path / "cc")
    assert not copy.folder.exists()


def test_ldap_is_served_with_tls_if_that_is_wanted(domain: Domain, template: Path) -> None:
    with Domain(domain.realm, domain.netbios, tls=True, template=template) as copy:
        copy.provisioned().start()
        trusting = ssl.create_default_context(cafile=copy.ca)
        with (
            socket.create_connection((copy.address, 636), 10) as plain,
            trusting.wrap_socket(plain, server_hostname="DC1.ad.kerbauth.test") as connection,
        ):
            assert connection.version() in {"TLSv1.2", "TLSv1.3"}


def test_a_controller_ends_with_the_process_that_started_it(domain: Domain, template: Path) -> None:
    program = f"""
import os
from pathlib import Path
from tests.ad.domain import Domain
domain = Domain({domain.realm!r}, {domain.netbios!r}, template=Path({str(template)!r})).provisioned().start()
print(domain.address, flush=True)
os.kill(os.getpid(), 9)
"""
    # Nobody is left to delete the domain's folder: it is in one of ours, which the controller may still be writing to.
    with tempfile.TemporaryDirectory(prefix="kerbauth-ad-", ignore_cleanup_errors=True) as folder:
        environment = {**os.environ, "TMPDIR": folder}
        died = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=False, text=True)
        assert died.returncode == -9, died.stderr
        ends = time.monotonic() + 10
        while _listens(died.stdout.strip()):
            assert time.monotonic() < ends
            time.sleep(0.02)  # polling another process


def _listens(address: str) -> bool:
    try:
        socket.create_connection((address, 88), 1).close()
    except ConnectionError:
        return False
    return True


def test_an_address_is_nobody_else_s_until_it_is_given_back() -> None:
    first, second = Address(), Address()
    assert first.text != second.text
    first.give_back()
    third = Address()
    assert third.text == first.text
    for each in (second, third):
        each.give_back()


def test_an_address_where_a_kdc_listens_is_not_taken() -> None:
    free = Address()
    free.give_back()
    with socket.create_server((free.text, 88)):
        taken = Address()
    assert taken.text != free.text
    taken.give_back()
