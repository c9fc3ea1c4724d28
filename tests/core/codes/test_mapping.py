"""What a code means at which stage. The expectations stand here once more, as data that a Kerberos administrator can read."""

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.codes import catalogue, numbers
from kerbauth.core.codes.model import Code, Family, Stage
from kerbauth.core.reason_table import REASONS
from kerbauth.core.reasons import Kind, Reason

ABOUT_ACCOUNTS = (
    1,
    6,
    9,
    12,
    14,
    16,
    18,
    21,
    23,
    25,
    62,
    63,
    64,
    65,
    66,
    68,
    70,
    71,
    72,
    73,
    74,
    75,
    76,
    77,
    78,
    79,
    80,
    81,
    91,
    92,
    94,
    95,
    100,
)

BY_KRB_ERROR = {
    Stage.AS: {
        Reason.ACCOUNT_EXPIRED: {1},
        Reason.SERVICE_PRINCIPAL: {2, 7, 19, 22, 27, 69},
        Reason.UNKNOWN_USER: {6},
        Reason.ACCOUNT_KEYS: {9, 14},
        Reason.ACCOUNT_RESTRICTED: {12, 18},
        Reason.ACCOUNT_NOT_YET_VALID: {21},
        Reason.PASSWORD_EXPIRED: {23},
        Reason.BAD_CREDENTIALS: {24, 31},
        Reason.PREAUTH_REQUIRED: {16, 25, *range(62, 67), *range(70, 82), 91, 92, 94, 95, 100},
        Reason.WRONG_REALM: {68},
        Reason.TRUST_PATH: {17, 28, 43, 51},
        Reason.SERVER_CLOCK: {11, 32, 33, 37},
        Reason.KDC_BUSY: {29},
        Reason.KDC_UNREACHABLE: {52, 85, 86},
        Reason.KDC_NOT_TRUSTED: {46},
        Reason.KDC_ERROR: {3, 4, 5, 8, 15, 20, 26, 34, 35, 36, 38, 39, 40, 41, 42, 44, 45, 47, 48, 49, 50, 60, 61, 90, 93},
    },
    Stage.TGS: {
        Reason.SERVICE_PRINCIPAL: {2, 7, 8, 12, 19, 22, 23, 26, 27, 69},
        Reason.SERVICE_KEYS: {9, 14},
        Reason.ACCOUNT_RESTRICTED: {18},
        Reason.ACCOUNT_EXPIRED: {1},
        Reason.ACCOUNT_NOT_YET_VALID: {21},
        Reason.UNKNOWN_USER: {6},
        Reason.TRUST_PATH: {17, 28, 43, 51, 68},
        Reason.SERVER_CLOCK: {11, 32, 33, 37},
        Reason.KDC_BUSY: {29},
        Reason.KDC_UNREACHABLE: {52, 85, 86},
        Reason.KDC_NOT_TRUSTED: {46},
    },
    Stage.VERIFY: {
        Reason.KDC_NOT_TRUSTED: {31, 36, 41, 46},
        Reason.SERVER_CLOCK: {11, 32, 33, 37},
        Reason.KEYTAB: {35},
        Reason.SERVICE_KEYS: {9, 14, 44, 45},
        Reason.SERVICE_PRINCIPAL: {2, 7, 8, 12, 19, 22, 23, 26, 27, 69},
    },
    Stage.ACCEPT: {
        Reason.TICKET_EXPIRED: {32},
        Reason.TICKET_REPLAYED: {34},
        Reason.TICKET_NOT_FOR_US: {35},
        Reason.CLOCK_SKEW: {37},
        Reason.SERVICE_KEYS: {44, 45},
        # Besides broken tokens, what is about passwords and accounts: a client can write such codes into a token.
        Reason.BAD_TOKEN: {31, 36, 38, 39, 40, 41, 42, 46, 47, 48, 49, 50, 67, 85, 86} | set(ABOUT_ACCOUNTS),
        Reason.KDC_NOT_TRUSTED: set(),
        Reason.BAD_CREDENTIALS: set(),
    },
    Stage.KPASSWD: {
        Reason.BAD_CREDENTIALS: set(),
        Reason.SERVER_CLOCK: {11, 32, 33, 37},
        Reason.KDC_UNREACHABLE: {52, 85, 86},
    },
}

BY_LIBKRB5 = {
    Stage.AS: {
        Reason.PREAUTH_REQUIRED: {130, 208, 209, 210, 225, 226, 227, 228},
        Reason.ACCOUNT_KEYS: {150, 151, 188, 236, 237},
        Reason.WRONG_REALM: {154},
        Reason.KDC_UNREACHABLE: {156, 220, 239, 240, 241, 242, 245},
        Reason.KDC_NOT_TRUSTED: {147, 158, 244},
        Reason.SERVER_CLOCK: {148},
        Reason.TRUST_PATH: {149, 185},
        Reason.MALFORMED_NAME: {133, 134, 251},
        Reason.BAD_CREDENTIALS: set(),
        Reason.KEYTAB: set(),
    },
    Stage.TGS: {
        Reason.TRUST_PATH: {149, 154, 185},
        Reason.SERVICE_KEYS: {150, 151, 188, 200, 230, 236, 237},
        Reason.SERVER_CLOCK: {148},
        Reason.BAD_CREDENTIALS: set(),
    },
    Stage.VERIFY: {
        Reason.KEYTAB: {144, 179, 180, 181, 184, 189, 213, 229, 235},
        Reason.SERVICE_KEYS: {150, 151, 188, 200, 230, 236, 237},
        Reason.KDC_NOT_TRUSTED: {147, 158, 190, 244},
        Reason.BAD_CREDENTIALS: set(),
    },
    Stage.ACCEPT: {
        Reason.KEYTAB: {179, 180, 181, 184, 189, 213, 229, 235},
        Reason.SERVICE_KEYS: {150, 151, 230, 236, 237},
        Reason.TICKET_REPLAYED: {163},
        Reason.TICKET_NOT_FOR_US: {144},
        Reason.KDC_NOT_TRUSTED: set(),
        Reason.BAD_CREDENTIALS: set(),
    },
    Stage.KPASSWD: {
        Reason.PASSWORD_REJECTED: {234},
        Reason.EMPTY_PASSWORD: {233},
        Reason.KDC_UNREACHABLE: {154, 156, 220, 239, 240, 241, 242, 245},
    },
}

NTSTATUS_AT_AS = {
    0xC0000064: Reason.UNKNOWN_USER,
    0xC000006A: Reason.BAD_CREDENTIALS,
    0xC000006D: Reason.BAD_CREDENTIALS,
    0xC000006E: Reason.ACCOUNT_RESTRICTED,
    0xC000006F: Reason.LOGON_HOURS,
    0xC0000070: Reason.LOGON_WORKSTATION,
    0xC0000071: Reason.PASSWORD_EXPIRED,
    0xC0000072: Reason.ACCOUNT_DISABLED,
    0xC0000133: Reason.SERVER_CLOCK,
    0xC000015B: Reason.ACCOUNT_RESTRICTED,
    0xC0000193: Reason.ACCOUNT_EXPIRED,
    0xC0000224: Reason.PASSWORD_MUST_CHANGE,
    0xC0000234: Reason.ACCOUNT_LOCKED,
    0xC00002FA: Reason.PREAUTH_REQUIRED,
    0xC0000413: Reason.ACCOUNT_RESTRICTED,
}

KPASSWD_RESULTS = {
    1: Reason.KDC_ERROR,
    2: Reason.KDC_ERROR,
    3: Reason.BAD_CREDENTIALS,
    4: Reason.PASSWORD_REJECTED,
    5: Reason.ACCOUNT_RESTRICTED,
    6: Reason.KDC_ERROR,
    7: Reason.INTERNAL,
}

GSS_AT_ACCEPT = {
    "GSS_S_BAD_MECH": Reason.BAD_TOKEN,
    "GSS_S_BAD_BINDINGS": Reason.CHANNEL_BINDING,
    "GSS_S_BAD_SIG": Reason.BAD_TOKEN,
    "GSS_S_NO_CRED": Reason.BAD_TOKEN,
    "GSS_S_DEFECTIVE_TOKEN": Reason.BAD_TOKEN,
    "GSS_S_CREDENTIALS_EXPIRED": Reason.TICKET_EXPIRED,
    "GSS_S_CONTEXT_EXPIRED": Reason.TICKET_EXPIRED,
    "GSS_S_CONTINUE_NEEDED": Reason.BAD_TOKEN,
    "GSS_S_DUPLICATE_TOKEN": Reason.TICKET_REPLAYED,
    "GSS_S_FAILURE": Reason.BAD_TOKEN,
    "G_BAD_TOK_HEADER": Reason.BAD_TOKEN,
    "G_TOK_TRUNC": Reason.BAD_TOKEN,
    "KG_KEYTAB_NOMATCH": Reason.KEYTAB,
    "ERR_SPNEGO_NEGOTIATION_FAILED": Reason.BAD_TOKEN,
    "ASN1_OVERRUN": Reason.BAD_TOKEN,
}

STAGES = st.sampled_from(Stage)
STATUSES = st.integers(-(1 << 31), (1 << 32) - 1)
ANY_NUMBERS = st.one_of(st.integers(), STATUSES, st.integers(-1765328384 - 300, -1765328384 + 300), st.integers(0, 300))


def leading_to(reason: Reason, stage: Stage, offsets: range) -> set[int]:
    codes = {offset: Code(Family.KRB5, numbers.KRB5_BASE + offset) for offset in offsets}
    return {offset for offset, code in codes.items() if catalogue.reason_for(stage, code) is reason}


@pytest.mark.parametrize(
    ("stage", "reason"), [(stage, reason) for stage, reasons in BY_KRB_ERROR.items() for reason in reasons], ids=lambda value: value.value
)
def test_krb_error_codes_lead_to_the_reason_of_their_stage(stage: Stage, reason: Reason) -> None:
    assert leading_to(reason, stage, range(128)) == BY_KRB_ERROR[stage][reason]


@pytest.mark.parametrize(
    ("stage", "reason"), [(stage, reason) for stage, reasons in BY_LIBKRB5.items() for reason in reasons], ids=lambda value: value.value
)
def test_libkrb5s_own_codes_lead_to_the_reason_of_their_stage(stage: Stage, reason: Reason) -> None:
    assert leading_to(reason, stage, range(128, 256)) == BY_LIBKRB5[stage][reason]


@pytest.mark.parametrize("number", [30, *range(53, 60), 82, 83, 84, 87, 88, 89, *range(96, 100), *range(101, 128)])
def test_a_number_that_no_rfc_defines_is_internal(number: int) -> None:
    assert catalogue.entry(catalogue.krb_error(number)) is None
    assert catalogue.reason_for(Stage.AS, catalogue.krb_error(number)) is Reason.INTERNAL


def test_proving_an_expired_password_means_what_the_first_exchange_means_but_for_the_service() -> None:
    # the service asked for is kadmin/changepw there, so "no such service" and the like are the KDC's trouble
    different = {
        number
        for number in range(256)
        if catalogue.reason_for(Stage.AS, catalogue.classify(numbers.KRB5_BASE + number))
        is not catalogue.reason_for(Stage.CHANGEPW_PROOF, catalogue.classify(numbers.KRB5_BASE + number))
    }
    assert different == {2, 7, 19, 22, 27, 69}
    assert all(catalogue.reason_for(Stage.CHANGEPW_PROOF, catalogue.krb_error(number)) is Reason.KDC_ERROR for number in different)


@pytest.mark.parametrize(("status", "reason"), NTSTATUS_AT_AS.items(), ids=lambda value: value if isinstance(value, str) else hex(value))
def test_a_domain_controllers_status_names_the_state_of_the_account(status: int, reason: Reason) -> None:
    assert catalogue.reason_for(Stage.AS, Code(Family.NTSTATUS, status)) is reason


@pytest.mark.parametrize(("result", "reason"), KPASSWD_RESULTS.items())
def test_results_of_a_password_change(result: int, reason: Reason) -> None:
    assert catalogue.reason_for(Stage.KPASSWD, Code(Family.KPASSWD, result)) is reason


@pytest.mark.parametrize(("name", "reason"), GSS_AT_ACCEPT.items())
def test_gssapis_statuses_while_a_token_is_accepted(name: str, reason: Reason) -> None:
    (found,) = catalogue.find(name)
    assert found.reason_at(Stage.ACCEPT) is reason


@pytest.mark.parametrize("name", ["EAGAIN", "ETIMEDOUT", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENETDOWN", "ECONNRESET"])
@pytest.mark.parametrize("stage", [Stage.AS, Stage.CHANGEPW_PROOF, Stage.TGS, Stage.KPASSWD])
def test_a_network_error_is_an_unreachable_kdc_where_packets_are_sent(name: str, stage: Stage) -> None:
    assert catalogue.reason_for(stage, catalogue.classify(getattr(errno, name))) is Reason.KDC_UNREACHABLE


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("name", ["ENOSPC", "EMFILE", "ENOMEM", "EROFS", "EIO", "EINVAL", "KRB5_RC_IO", "KRB5_RC_IO_SPACE", "KV5M_TICKET"])
def test_our_own_want_and_faults_are_internal_everywhere(name: str, stage: Stage) -> None:
    (found,) = catalogue.find(name)
    assert found.reason_at(stage) is Reason.INTERNAL


def test_a_wrong_password_is_said_of_nothing_else() -> None:
    said = {
        (stage, str(code))
        for stage in (Stage.AS, Stage.CHANGEPW_PROOF, Stage.TGS, Stage.VERIFY, Stage.ACCEPT, Stage.KPASSWD)
        for code in catalogue.ENTRIES
        if catalogue.reason_for(stage, code) is Reason.BAD_CREDENTIALS
    }
    wrong = {str(catalogue.krb_error(24)), str(catalogue.krb_error(31)), f"ntstatus:{0xC000006A}", f"ntstatus:{0xC000006D}"}
    at_kpasswd = {(Stage.KPASSWD, code) for code in ("kpasswd:3", f"ntstatus:{0xC000006A}", f"ntstatus:{0xC000006D}")}
    assert said == {(stage, code) for stage in (Stage.AS, Stage.CHANGEPW_PROOF) for code in wrong} | at_kpasswd


def test_no_token_of_a_client_can_raise_the_alarm_of_a_false_kdc() -> None:
    assert [code for code in catalogue.ENTRIES if catalogue.reason_for(Stage.ACCEPT, code) is Reason.KDC_NOT_TRUSTED] == []


def test_a_code_that_never_ends_a_login_is_internal_if_it_does() -> None:
    assert catalogue.reason_for(Stage.AS, catalogue.krb_error(0)) is Reason.INTERNAL


@given(STAGES, ANY_NUMBERS)
def test_no_number_ever_raises_or_leads_to_anything_but_a_no_or_an_outage(stage: Stage, number: int) -> None:
    for code in (catalogue.classify(number), catalogue.krb_error(number), catalogue.gss_major_code(number), Code(Family.NTSTATUS, number)):
        reason = catalogue.reason_for(stage, code)
        assert REASONS[reason].kind in {Kind.REFUSED, Kind.UNAVAILABLE}
        if catalogue.entry(code) is None:
            assert reason is Reason.INTERNAL


@given(STAGES, STATUSES)
def test_signed_and_unsigned_mean_the_same(stage: Stage, number: int) -> None:
    assert catalogue.classify(catalogue.signed(number)) == catalogue.classify(catalogue.unsigned(number)) == catalogue.classify(number)
    assert catalogue.reason_for(stage, catalogue.classify(catalogue.unsigned(number))) is catalogue.reason_for(
        stage, catalogue.classify(catalogue.signed(number))
    )
