import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.codes import catalogue
from kerbauth.core.codes.model import Entry


def found(text: str) -> list[str]:
    return [entry.name for entry in catalogue.find(text)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        # a bare number may belong to several tables
        ("24", ["KDC_ERR_PREAUTH_FAILED", "EMFILE"]),
        ("0x18", ["KDC_ERR_PREAUTH_FAILED", "EMFILE"]),  # event 4771 writes it so
        ("7", ["KDC_ERR_S_PRINCIPAL_UNKNOWN", "KPASSWD_INITIAL_FLAG_NEEDED"]),
        ("0", ["KDC_ERR_NONE", "KPASSWD_SUCCESS"]),
        ("156", ["KRB5_KDC_UNREACH"]),
        ("30", ["EROFS"]),  # no KRB-ERROR has the number 30
        # com_err, signed, unsigned, hexadecimal and as libkrb5 prints it
        ("-1765328360", ["KDC_ERR_PREAUTH_FAILED"]),
        ("2529638936", ["KDC_ERR_PREAUTH_FAILED"]),
        ("0x96C73A18", ["KDC_ERR_PREAUTH_FAILED"]),
        ("[krb5:-1765328350]", ["KRB_AP_ERR_REPEAT"]),
        ("39756033", ["KG_KEYTAB_NOMATCH"]),
        # NTSTATUS, with and without 0x, and signed
        ("0xC0000072", ["STATUS_ACCOUNT_DISABLED"]),
        ("c0000072", ["STATUS_ACCOUNT_DISABLED"]),
        ("3221225586", ["STATUS_ACCOUNT_DISABLED"]),
        ("-1073741710", ["STATUS_ACCOUNT_DISABLED"]),
        # GSS major statuses
        ("0x70000", ["GSS_S_NO_CRED"]),
        ("851968", ["GSS_S_FAILURE"]),
        ("0x1000000", ["GSS_S_CALL_INACCESSIBLE_READ"]),
        ("0x20000013", ["ERR_NEGOEX_NO_AVAILABLE_MECHS"]),
        # a number of a named family
        ("krb5:-1765328360", ["KDC_ERR_PREAUTH_FAILED"]),
        ("krb5:24", ["KDC_ERR_PREAUTH_FAILED"]),
        ("ERRNO:24", ["EMFILE"]),
        ("kpasswd:4", ["KPASSWD_SOFTERROR"]),
        ("gss:0x70000", ["GSS_S_NO_CRED"]),
        ("gss:1", ["GSS_S_CONTINUE_NEEDED"]),
        ("asn1:6", ["ASN1_BAD_ID"]),
        ("ntstatus:0xC0000234", ["STATUS_ACCOUNT_LOCKED_OUT"]),
        ("ntstatus:-1073741260", ["STATUS_ACCOUNT_LOCKED_OUT"]),
        ("ntstatus:3221226036", ["STATUS_ACCOUNT_LOCKED_OUT"]),
        # names: RFC, MIT, Heimdal, Windows, any case, without prefix
        ("KDC_ERR_PREAUTH_FAILED", ["KDC_ERR_PREAUTH_FAILED"]),
        ("KRB5KDC_ERR_PREAUTH_FAILED", ["KDC_ERR_PREAUTH_FAILED"]),
        ("krb5_preauth_failed", ["KRB5_PREAUTH_FAILED"]),
        ("preauth failed", ["KDC_ERR_PREAUTH_FAILED", "KRB5_PREAUTH_FAILED"]),
        ("KRB5KDC_ERR_KEY_EXP", ["KDC_ERR_KEY_EXPIRED"]),
        ("KRB5KDC_ERR_KEY_EXPIRED", ["KDC_ERR_KEY_EXPIRED"]),
        ("KDC_ERR_ETYPE_NOTSUPP", ["KDC_ERR_ETYPE_NOSUPP"]),
        ("KRB5_KDC_ERR_WRONG_REALM", ["KDC_ERR_WRONG_REALM"]),
        ("modified", ["KRB_AP_ERR_MODIFIED"]),
        ("KDC_ERR_MODIFIED", ["KRB_AP_ERR_MODIFIED"]),
        ("client-revoked", ["KDC_ERR_CLIENT_REVOKED"]),
        ("account_disabled", ["STATUS_ACCOUNT_DISABLED"]),
        ("NT_STATUS_ACCOUNT_DISABLED", ["STATUS_ACCOUNT_DISABLED"]),
        ("no_cred", ["GSS_S_NO_CRED"]),
        ("GSS_S_BAD_MIC", ["GSS_S_BAD_SIG"]),
        ("KRB5_KPASSWD_SOFTERROR", ["KPASSWD_SOFTERROR"]),
        ("  einval ", ["EINVAL"]),
        # nothing
        ("", []),
        ("nonsense", []),
        ("KDC_ERR_", []),
        ("99999", []),
        ("nofamily:24", []),
        ("other:24", []),
        ("0x", []),
        ("1e3", []),
        ("²", []),
        ("99999999999999999999999", []),
    ],
)
def test_what_a_person_may_mean(text: str, names: list[str]) -> None:
    assert found(text) == names


@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert isinstance(catalogue.find(text), tuple)


@given(st.sampled_from(list(catalogue.ENTRIES.values())))
def test_every_entry_is_found_by_its_name_its_aliases_and_its_code(row: Entry) -> None:
    for text in (row.name, row.name.lower(), *row.aliases, str(row.code)):
        assert catalogue.find(text) == (row,)
