"""The page on troubleshooting is found by what users read, and has every reason that people of a Windows domain meet."""

import re

import pytest

from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Reason
from tests.docs.fences import DOCS

PAGE = (DOCS / "how-to" / "troubleshoot.md").read_text(encoding="utf-8")
NOT_A_MESSAGE = {
    "Find the line",
    "The browser shows no sign-in, or asks for a password",
    "The service does not start",
    "Somebody is let in as the wrong user",
}
OF_A_DOMAIN = (
    Reason.BAD_CREDENTIALS,
    Reason.UNKNOWN_USER,
    Reason.UNKNOWN_REALM,
    Reason.MALFORMED_NAME,
    Reason.THROTTLED,
    Reason.WRONG_REALM,
    Reason.NO_VERIFIED_PAC,
    Reason.NO_USER_MAPPING,
    Reason.NOT_PERMITTED,
    Reason.ACCOUNT_KEYS,
    Reason.PREAUTH_REQUIRED,
    Reason.TICKET_NOT_FOR_US,
    Reason.NTLM_NOT_SUPPORTED,
    Reason.TOKEN_TOO_LARGE,
    Reason.TICKET_EXPIRED,
    Reason.CLOCK_SKEW,
    Reason.SERVER_CLOCK,
    Reason.KDC_UNREACHABLE,
    Reason.SERVICE_KEYS,
    Reason.SERVICE_PRINCIPAL,
    Reason.KDC_NOT_TRUSTED,
)


def sections() -> dict[str, str]:
    parts = re.split(r"^## (.+)\n", PAGE, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("heading", [heading for heading in sections() if heading not in NOT_A_MESSAGE])
def test_a_section_is_headed_by_what_the_user_reads_and_names_the_reason(heading: str) -> None:
    (reason,) = [info.reason for info in REASONS.values() if info.text.startswith(heading)]
    assert re.search(rf"\b{reason.value}\b", sections()[heading])


@pytest.mark.parametrize("reason", OF_A_DOMAIN, ids=str)
def test_every_reason_that_people_of_a_domain_meet_is_there(reason: Reason) -> None:
    assert re.search(rf"\b{reason.value}\b", PAGE)
