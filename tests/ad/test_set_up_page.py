"""What the pages on Active Directory tell administrators to do and to write, done to domain controllers of the names on those pages."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kerbauth.kdc.keytab import list_keys
from tests.ad.domain import PASSWORD, SERVICE_ACCOUNT, Domain
from tests.ad.page_site import SET_UP, Account, Site
from tests.docs.fences import DOCS, blocks

SEVERAL = "how-to/several-domains.md"
TROUBLESHOOT = (DOCS / "how-to" / "troubleshoot.md").read_text(encoding="utf-8")
SERVICE, BRANCH_SERVICE = "HTTP/sso.corp.example", "HTTP/kerbauth.branch.example"


@pytest.fixture(scope="module")
def corp_and_branch() -> Iterator[tuple[Domain, Domain]]:
    """CORP.EXAMPLE, where nothing has been prepared for us, and BRANCH.EXAMPLE."""
    with Domain("CORP.EXAMPLE", "CORP") as corp, Domain("BRANCH.EXAMPLE", "BRANCH") as branch:
        for domain in (corp, branch):
            domain.provisioned()
            domain.user("alice")
        corp.ask("upn_suffixes", "mail.example")
        corp.user("bob", userPrincipalName="bob.builder@mail.example")
        corp.ask("computer", "PC17", PASSWORD)
        branch.user(SERVICE_ACCOUNT, servicePrincipalName=BRANCH_SERVICE, **{"msDS-SupportedEncryptionTypes": "24"})
        corp.trust(branch)
        for domain in (corp, branch):
            domain.start()
        yield corp, branch


@pytest.fixture(scope="module")
def account() -> Account:
    return Account()


@pytest.fixture
def site(corp_and_branch: tuple[Domain, Domain], account: Account, tmp_path: Path) -> Site:
    site = Site(*corp_and_branch, tmp_path)
    account.into(site)
    return site


@pytest.fixture
def changing(site: Site, account: Account) -> Iterator[Site]:
    """The same for a test that changes the account."""
    yield site
    account.forget(site.corp)


@pytest.fixture
def branch_keytab(site: Site) -> None:
    keytab = site.branch.keytab(BRANCH_SERVICE, SERVICE_ACCOUNT)
    keytab.rename(site.folder / "keytabs" / "branch.keytab")


def test_the_keytab_has_aes_keys_of_the_service_and_of_the_account(site: Site) -> None:
    keys = {(key.principal, key.enctype) for key in list_keys(site.folder / "corp.keytab")}
    assert keys == {(f"{name}@CORP.EXAMPLE", enctype) for name in (SERVICE, SERVICE_ACCOUNT) for enctype in (17, 18)}


def test_what_the_settings_need_to_know_is_printed(site: Site) -> None:
    (script,) = blocks(SET_UP, "4. Write the settings", "sh")
    printed = site.do(script)
    assert "Netbios domain   : CORP" in printed
    assert f"objectSid: {site.corp.domain_sid}\n" in printed


@pytest.mark.parametrize(
    ("typed", "principal"),
    [
        ("alice", "alice"),
        ("CORP\\alice", "alice"),
        ("alice@CORP.EXAMPLE", "alice"),
        ("bob.builder@mail.example", "bob"),
    ],
)
def test_with_the_settings_of_the_page_people_log_in_by_every_name_that_it_says(site: Site, typed: str, principal: str) -> None:
    printed = site.login(site.configuration(SET_UP, "4. Write the settings"), typed)
    assert f"granted: {principal} ({principal}@CORP.EXAMPLE)" in printed


def test_what_the_page_shows_of_a_login_is_what_is_printed(site: Site) -> None:
    printed = site.login(site.configuration(SET_UP, "4. Write the settings"), "bob.builder@mail.example")
    (shown,) = blocks(SET_UP, "7. Check it", "text")
    texts = [re.sub(r"^(\w+ +)[\d.]+ ms", r"\1", line) for line in shown.splitlines()]
    found = [re.sub(r"^(\w+ +)[\d.]+ ms", r"\1", line) for line in printed.splitlines()]
    assert [text for text in texts if text.split() not in [line.split() for line in found]] == []


def test_the_checks_of_the_page_find_nothing_wrong(site: Site) -> None:
    file = site.configuration(SET_UP, "4. Write the settings")
    for command in ("config check", "realm test"):
        done = subprocess.run(
            [sys.executable, "-m", "kerbauth", *command.split(), "--config", str(file)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "never used" not in done.stdout, "a warning of RC4 keys"
    assert "fine" in done.stdout


def test_ktutil_makes_a_keytab_from_the_password(changing: Site) -> None:
    changing.corp.ask("password", SERVICE_ACCOUNT, PASSWORD)
    heading = "On Linux with ktutil"
    ask, try_it = blocks(SET_UP, heading, "sh")
    kvno = changing.do(ask.replace("kinit you", "kinit alice"), f"{PASSWORD}\n").rpartition(" = ")[2].strip()
    (session,) = (block for block in blocks(SET_UP, heading, "text") if "addent" in block)
    typed = [line.removeprefix("ktutil:  ").replace("-k 3 ", f"-k {kvno} ") for line in session.splitlines()]
    lines = [line for command in typed for line in ((command, PASSWORD) if command.startswith("addent") else (command,))]
    (changing.folder / "corp.keytab").unlink()
    changing.do("ktutil", "\n".join(lines) + "\n")
    assert "keytab entry valid" in changing.do(try_it)
    assert {key.principal for key in list_keys(changing.folder / "corp.keytab")} == {
        f"{SERVICE}@CORP.EXAMPLE",
        f"{SERVICE_ACCOUNT}@CORP.EXAMPLE",
    }


def test_a_renewed_password_costs_nobody_a_login_once_the_keytab_has_both_keys(changing: Site) -> None:
    file = changing.configuration(SET_UP, "4. Write the settings")
    environment = changing.corp.kinit("alice", changing.folder / "cc-old")
    subprocess.run(["kvno", f"{SERVICE}@CORP.EXAMPLE"], env=environment, check=True, capture_output=True)
    changing.do(blocks(SET_UP, "Renew the password", "sh")[0])
    assert "unavailable: service-keys" in changing.login(file, "alice")
    changing.install()
    kvnos = {(key.principal, key.kvno) for key in list_keys(changing.folder / "corp.keytab")}
    assert len(kvnos) == 4  # two names, two numbers
    assert "granted: alice" in changing.login(file, "alice")
    assert "granted: alice" in changing.login(file, ccache="cc-old"), "a ticket from before the renewal"


@pytest.mark.usefixtures("branch_keytab")
def test_users_of_a_trusted_domain_log_in_with_the_settings_of_the_page(site: Site) -> None:
    file = site.configuration(SEVERAL, "Two domains with a trust")
    assert "granted: alice (alice@CORP.EXAMPLE)" in site.login(file, "alice")
    assert "granted: branch-alice (alice@BRANCH.EXAMPLE)" in site.login(file, "BRANCH\\alice")
    assert "granted: branch-alice (alice@BRANCH.EXAMPLE)" in site.login(file, "alice@branch.example")
    site.corp.kinit("alice@BRANCH.EXAMPLE", site.folder / "cc")
    assert "granted: branch-alice (alice@BRANCH.EXAMPLE)" in site.login(file, ccache="cc")


@pytest.mark.usefixtures("branch_keytab")
def test_without_trusts_a_ticket_across_the_trust_is_refused_as_the_pages_say(site: Site) -> None:
    site.corp.kinit("alice@BRANCH.EXAMPLE", site.folder / "cc")
    printed = site.login(site.configuration(SEVERAL, "Two domains with a trust", trusts=""), ccache="cc")
    said = "the KDC of CORP.EXAMPLE vouches for alice@BRANCH.EXAMPLE; it is believed about users of CORP.EXAMPLE only"
    assert f"refused: wrong-realm at accept. {said}" in printed
    assert said in TROUBLESHOOT
    assert said in (DOCS / SEVERAL).read_text()


def expect(printed: str, reason: str, said: str) -> None:
    assert reason in printed
    assert said in printed
    assert said in TROUBLESHOOT, "the page quotes it"


@pytest.mark.parametrize(
    ("changes", "reason", "said"),
    [
        ({"netbios": '"COPR"'}, "no-verified-pac at verify", "the account's domain is not the netbios of CORP.EXAMPLE"),
        ({"domain_sid": '"S-1-5-21-1-2-3"'}, "no-verified-pac at verify", "the account's SID is not one of the domain_sid of CORP.EXAMPLE"),
        ({"kind": '"mit"', "domain_sid": ""}, "kdc-not-trusted at as", "KDC reply did not match expectations"),
        ({"kdcs": '["127.0.0.1:1"]'}, "kdc-unreachable at as", ":1: Connection refused"),
    ],
    ids=["netbios", "domain_sid", "kind", "kdcs"],
)
def test_a_wrong_setting_shows_in_the_log_as_troubleshooting_says(site: Site, changes: dict[str, str], reason: str, said: str) -> None:
    printed = site.login(site.configuration(SET_UP, "4. Write the settings", **changes), "alice")
    expect(printed, reason, said.removeprefix(":1"))


def test_an_account_that_gets_no_pacs_shows_as_troubleshooting_says(changing: Site) -> None:
    changing.corp.ask("flags", SERVICE_ACCOUNT, "NO_AUTH_DATA_REQUIRED")
    printed = changing.login(changing.configuration(SET_UP, "4. Write the settings"), "alice")
    expect(printed, "no-verified-pac at verify", "the ticket holds no PAC")


def test_a_machine_that_logs_in_shows_as_troubleshooting_says(site: Site) -> None:
    site.corp.kinit("PC17$", site.folder / "cc")
    printed = site.login(site.configuration(SET_UP, "4. Write the settings"), ccache="cc")
    expect(printed, "no-user-mapping at accept", "PC17$@CORP.EXAMPLE: The account is a machine's. Machines do not log in here.")


def test_a_computer_asked_for_without_its_dollar_shows_as_troubleshooting_says(site: Site) -> None:
    site.corp.kinit("PC17", site.folder / "cc")
    printed = site.login(site.configuration(SET_UP, "4. Write the settings"), ccache="cc")
    expect(printed, "no-verified-pac at accept", "The ticket's name is none that the PAC's account has.")


def test_a_service_principal_name_that_nobody_has_shows_as_troubleshooting_says(changing: Site) -> None:
    changing.corp.ask("set", SERVICE_ACCOUNT, servicePrincipalName=None)
    printed = changing.login(changing.configuration(SET_UP, "4. Write the settings"), "alice")
    expect(printed.replace("(", "codes=").replace("at tgs ", "stage=tgs "), "service-principal", "stage=tgs codes=krb5:-1765328377")


def test_fast_without_the_account_shows_as_troubleshooting_says(site: Site) -> None:
    printed = site.login(site.configuration(SET_UP, "4. Write the settings", account='"svc-kerbauth"\nfast = "require"'), "alice")
    assert "granted: alice" in printed
    printed = site.login(site.configuration(SET_UP, "4. Write the settings", account='"HTTP/sso.corp.example"\nfast = "require"'), "alice")
    expect(printed, "service-principal at as", "the KDC gives HTTP/sso.corp.example@CORP.EXAMPLE no ticket: unknown-user")
