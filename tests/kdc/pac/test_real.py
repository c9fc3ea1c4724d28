from datetime import UTC, datetime

import pytest

from kerbauth.core.principal import Principal
from kerbauth.kdc.pac.agreement import AGREES, Agrees, agreement
from kerbauth.kdc.pac.buffers import Kind
from kerbauth.kdc.pac.logon import EXTRA_SIDS
from kerbauth.kdc.pac.upn import Account, DirectoryNames
from tests.kdc.pac.reading import read
from tests.kdc.pac.real import LZHU, TRUSTED_LOGON_INFO, WINDOWS_2003_MACHINE, WINDOWS_2008_ENTERPRISE, WINDOWS_2022
from tests.kdc.pac.writer import Written

NTDEV = "S-1-5-21-397955417-626881126-188441444"
W2022 = "S-1-5-21-133451344-1126667713-3548050118"

# As [MS-PAC] 4 names them: of the domain, and then the extra ones.
LZHU_GROUPS = """
3392609 2999049 3322974 513 2931095 3338539 3354830 3026599 3338538 2931096 3392610 3342740 3392630 3014318 2937394 3278870 3038018
3322975 3513546 2966661 3338434 3271401 3051245 3271606 3026603 3018354
3101812 3291368 3291341 3322973 3479105 3271400 3283393 3338537 3038991 3037999 3248111 3038983
"""


def test_the_example_of_the_specification_is_its_user() -> None:
    pac = read(LZHU)
    assert (pac.user, pac.domain, pac.user_sid) == ("lzhu", "NTDEV", f"{NTDEV}-2914711")
    assert (pac.logon.domain_sid, pac.logon.logon_server) == (NTDEV, "NTDEV-DC-05")
    assert (pac.logon.user_flags, pac.logon.account_control, pac.is_machine) == (EXTRA_SIDS, 0x10, False)


def test_the_example_of_the_specification_has_its_groups_of_both_domains() -> None:
    assert read(LZHU).groups == {f"{NTDEV}-{rid}" for rid in LZHU_GROUPS.split()} | {"S-1-5-21-773533881-1816936887-355810188-513"}


def test_the_example_of_the_specification_has_its_times() -> None:
    times = read(LZHU).logon.times
    assert times.logon == datetime(2006, 4, 28, 1, 42, 50, 925_640, UTC)
    assert times.password_last_set == datetime(2006, 3, 18, 10, 44, 54, 837_147, UTC)
    assert times.password_can_change == datetime(2006, 3, 19, 10, 44, 54, 837_147, UTC)
    assert times.password_must_change == datetime(2006, 5, 27, 10, 44, 54, 837_147, UTC)
    assert (times.logoff, times.kick_off) == (None, None)


def test_a_domain_controllers_own_account_is_a_machine() -> None:
    pac = read(WINDOWS_2003_MACHINE)
    assert (pac.user, pac.client.name, pac.is_machine) == ("W2003FINAL$", "w2003final$", True)
    assert pac.client.authenticated == datetime(2005, 7, 4, 1, 30, 9, tzinfo=UTC)
    assert pac.groups == {"S-1-5-9", "S-1-5-21-3048156945-3961193616-3706469200-516"}


def test_the_names_in_the_directory_are_read() -> None:
    pac = read(WINDOWS_2008_ENTERPRISE)
    assert pac.user == "w2k8u"
    assert pac.names == DirectoryNames("w2k8u@abc", upn_is_made_up=False, dns_domain="ACME.COM", account=None)


def test_a_ticket_of_windows_server_2022_is_read() -> None:
    pac = read(WINDOWS_2022)
    assert (pac.user, pac.domain, pac.user_sid) == ("Administrator", "W2022-L7", f"{W2022}-500")
    assert pac.names == DirectoryNames(
        "Administrator@w2022-l7.base",
        upn_is_made_up=True,
        dns_domain="W2022-L7.BASE",
        account=Account("Administrator", pac.user_sid),
    )
    assert (pac.requester, pac.attributes) == (None, None)
    assert pac.signatures == {Kind.SERVER_SIGNATURE, Kind.KDC_SIGNATURE, Kind.TICKET_SIGNATURE, Kind.FULL_SIGNATURE}


def test_a_ticket_of_windows_server_2022_has_groups_of_all_three_kinds() -> None:
    own = {f"{W2022}-{rid}" for rid in (512, 513, 518, 519, 520)}
    asserted, of_the_services_domain = "S-1-18-1", f"{W2022}-572"
    assert read(WINDOWS_2022).groups == own | {asserted, of_the_services_domain}


def test_a_user_of_a_trusted_domain_is_in_groups_of_both() -> None:
    pac = read(Written(changes={1: TRUSTED_LOGON_INFO}).write())
    own, trusting = "S-1-5-21-2284869408-3503417140-1141177250", "S-1-5-21-3062750306-1230139592-1973306805"
    assert pac.groups == {f"{own}-1110", f"{own}-513", f"{own}-1109", "S-1-18-1", f"{trusting}-1107", f"{trusting}-1108"}


@pytest.mark.parametrize(
    ("data", "principal"),
    [
        pytest.param(LZHU, "lzhu@NTDEV.MICROSOFT.COM", id="specification"),
        pytest.param(WINDOWS_2003_MACHINE, "w2003final$@WIN2K3.THINKER.LOCAL", id="2003"),
        pytest.param(WINDOWS_2008_ENTERPRISE, "w2k8u\\@abc@ACME.COM", id="2008, by UPN"),
        pytest.param(WINDOWS_2022, "administrator@W2022-L7.BASE", id="2022"),
    ],
)
def test_real_pacs_agree_with_the_tickets_they_came_in(data: bytes, principal: str) -> None:
    assert agreement(read(data), Principal.parse(principal)) == AGREES == Agrees()
