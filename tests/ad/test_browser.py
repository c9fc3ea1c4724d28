"""A browser logs in with a ticket of the domain: Chromium, against the running service."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.ad.chromium import NO_CNAME_LOOKUP, SEEN_A_CHALLENGE, Chromium, Visit
from tests.ad.conftest import entry
from tests.ad.domain import Domain
from tests.certificates import Authority, Pair
from tests.integration.service import RunningService, Setup, persons_with_desktop


@dataclass(frozen=True)
class Site:
    """The service as a browser sees it."""

    service: RunningService
    host: str
    pair: Pair | None = None

    @property
    def url(self) -> str:
        scheme, _, rest = self.service.url.partition("://")
        return f"{scheme}://{self.host}:{rest.partition(':')[2]}/v1/sso?application=desktop"

    @property
    def address(self) -> str:
        return self.service.url.partition("://")[2]

    def seen_by(self, browser: Chromium, wallet: dict[str, str]) -> dict[str, Any]:
        return self.visited_by(browser, wallet).page

    def visited_by(self, browser: Chromium, wallet: dict[str, str]) -> Visit:
        return browser.visit(self.url, wallet, self.pair.certificate if self.pair is not None else None)


def site(domain: Domain, keytabs: dict[str, Path], folder: Path, server: str = "", pair: Pair | None = None) -> Iterator[Site]:
    realms = (entry(domain, keytabs[domain.realm], "default = true"),)
    service = RunningService(folder, Setup(realms, persons_with_desktop(["alice"], without=["bob"]), server=server)).start()
    yield Site(service, domain.host, pair)
    service.stop()


@pytest.fixture(scope="module")
def plain(domain: Domain, keytabs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from site(domain, keytabs, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module", params=["allow", "require"])
def encrypted(
    request: pytest.FixtureRequest, domain: Domain, keytabs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    names = (x509.DNSName(domain.host), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    authority = Authority(tmp_path_factory.mktemp("ca"))
    pair = authority.issue("server", names=names)
    server = f'{pair.toml}\nchannel_binding = "{request.param}"'
    for running in site(domain, keytabs, tmp_path_factory.mktemp("encrypted"), server, pair):
        running.service.trusted = str(authority.file)
        yield running


@pytest.fixture
def wallet(domain: Domain, tmp_path: Path) -> dict[str, str]:
    """The environment of alice, who has a ticket-granting ticket."""
    return domain.kinit("alice", tmp_path / "cc")


def test_a_user_with_a_ticket_is_in(plain: Site, domain: Domain, wallet: dict[str, str], tmp_path: Path) -> None:
    page = plain.seen_by(Chromium(tmp_path), wallet)
    assert (page["verdict"], page["user"], page["principal"]) == ("granted", "alice", f"alice@{domain.realm}")
    assert page["application"]["permissions"] == ["read", "execute"]
    assert plain.service.audit()[-1]["door"] == "spnego"


def test_the_browser_asks_nobody_else(plain: Site, wallet: dict[str, str], tmp_path: Path) -> None:
    assert plain.visited_by(Chromium(tmp_path), wallet).addresses == {plain.address}


def test_a_user_without_a_ticket_reads_why(plain: Site, domain: Domain, tmp_path: Path) -> None:
    before = len(plain.service.audit())
    page = plain.seen_by(Chromium(tmp_path), domain.environment(tmp_path / "none"))
    assert (page["status"], page["verdict"]) == (401, "refused")
    assert any("no Kerberos token" in message["text"] for message in page["messages"])
    assert len(plain.service.audit()) == before, "a token was sent"


def test_a_user_who_is_not_permitted_reads_that(plain: Site, domain: Domain, tmp_path: Path) -> None:
    page = plain.seen_by(Chromium(tmp_path), domain.kinit("bob", tmp_path / "cc"))
    assert (page["status"], page["reason"]) == (403, "not-permitted")


def test_a_machines_account_is_not_let_in(plain: Site, domain: Domain, tmp_path: Path) -> None:
    page = plain.seen_by(Chromium(tmp_path), domain.kinit("ceo", tmp_path / "cc"))
    assert (page["status"], page["reason"]) == (401, "no-verified-pac")


@pytest.mark.parametrize("allowlist", ["", "*.elsewhere.test"])
def test_a_site_that_the_browser_is_not_told_to_trust_gets_no_ticket(
    plain: Site, wallet: dict[str, str], tmp_path: Path, allowlist: str
) -> None:
    before = len(plain.service.audit())
    assert plain.seen_by(Chromium(tmp_path, allowlist=allowlist), wallet)["status"] == 401
    assert len(plain.service.audit()) == before, "a token was sent"


@pytest.mark.parametrize("allowlist", ["*.ad.kerbauth.test", "kerbauth.ad.kerbauth.test"])
def test_the_allowlist_takes_a_host_or_all_of_a_domain(plain: Site, wallet: dict[str, str], tmp_path: Path, allowlist: str) -> None:
    assert plain.seen_by(Chromium(tmp_path, allowlist=allowlist), wallet)["user"] == "alice"


def test_a_new_profile_leaves_its_very_first_challenge_unanswered(plain: Site, wallet: dict[str, str], tmp_path: Path) -> None:
    browser = Chromium(tmp_path, NO_CNAME_LOOKUP)
    assert plain.seen_by(browser, wallet)["status"] == 401
    assert plain.seen_by(browser, wallet)["user"] == "alice"


def test_for_an_alias_the_browser_wants_a_ticket_of_its_target_unless_told_not_to(
    plain: Site, wallet: dict[str, str], tmp_path: Path
) -> None:
    # The name is mapped to an address, which Chromium takes for what a CNAME record leads to: there is no such service principal.
    assert plain.seen_by(Chromium(tmp_path, SEEN_A_CHALLENGE), wallet)["status"] == 401


def test_over_tls_chromium_on_linux_does_not_bind_its_token(encrypted: Site, wallet: dict[str, str], tmp_path: Path) -> None:
    # It computes the binding (AUTH_CHANNEL_BINDINGS in its net log) and does not hand it to the GSSAPI. On Windows it does.
    page = encrypted.seen_by(Chromium(tmp_path), wallet)
    if "require" in encrypted.service.setup.server:
        assert (page["status"], page["reason"]) == (401, "channel-binding")
    else:
        assert page["user"] == "alice"
        assert 'kerbauth_channel_bindings_total{bound="no"} 1.0' in encrypted.service.request("GET", "/metrics").text
