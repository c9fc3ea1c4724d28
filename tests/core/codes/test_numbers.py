import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerbauth.core.codes import catalogue
from kerbauth.core.codes.model import Code, Family
from kerbauth.core.codes.numbers import KRB5_BASE, looks_like_gss_major


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (-1765328360, Code(Family.KRB5, -1765328360)),
        (2529638936, Code(Family.KRB5, -1765328360)),
        (KRB5_BASE + 255, Code(Family.KRB5, KRB5_BASE + 255)),
        (KRB5_BASE + 256, Code(Family.OTHER, KRB5_BASE + 256)),
        (1859794437, Code(Family.ASN1, 1859794437)),
        (-1760647423, Code(Family.KV5M, -1760647423)),
        (39756033, Code(Family.GSS_KRB5, 39756033)),
        (2249944332, Code(Family.GSS_GENERIC, -2045022964)),
        (0x20000001, Code(Family.SPNEGO, 0x20000001)),
        (13, Code(Family.ERRNO, 13)),
        (4095, Code(Family.ERRNO, 4095)),
        (0, Code(Family.OTHER, 0)),
        (4096, Code(Family.OTHER, 4096)),
        (100001, Code(Family.OTHER, 100001)),  # the mechglue's own numbering, util_errmap.c
        ((1 << 32) + 13, Code(Family.OTHER, (1 << 32) + 13)),  # no 32-bit status: must not become EACCES
    ],
)
def test_a_numbers_family(number: int, code: Code) -> None:
    assert catalogue.classify(number) == code


@given(st.integers(0, 127))
def test_a_protocol_number_comes_back(number: int) -> None:
    assert catalogue.protocol_number(catalogue.krb_error(number)) == number


@pytest.mark.parametrize("number", [-1, 128, 255])
def test_outside_0_to_127_there_is_no_krb_error(number: int) -> None:
    assert catalogue.krb_error(number) == Code(Family.OTHER, number)


@pytest.mark.parametrize("code", [Code(Family.KRB5, KRB5_BASE + 156), Code(Family.ERRNO, 24), Code(Family.OTHER, 24)])
def test_other_codes_have_no_protocol_number(code: Code) -> None:
    assert catalogue.protocol_number(code) is None


@pytest.mark.parametrize(
    ("status", "part"),
    [
        (0x000D0000, 0x000D0000),
        (0x010D0001, 0x000D0000),  # a routine error says most
        (0x02000001, 0x02000000),
        (0x00000003, 0x00000002),  # of the supplementary bits CONTINUE_NEEDED says least
        (0x00000001, 0x00000001),
        (0, 0),
        (-2147483648, 0x80000000),
    ],
)
def test_the_part_of_a_major_status_that_counts(status: int, part: int) -> None:
    assert catalogue.gss_major_code(status) == Code(Family.GSS_MAJOR, part)


@pytest.mark.parametrize(("number", "major"), [(0x70000, True), (0x10D0001, True), (24, False), (100001, False), (39756033, False)])
def test_what_can_be_a_major_status(number: int, major: bool) -> None:
    assert looks_like_gss_major(number) is major


@given(st.sampled_from(sorted(code.number for code in catalogue.ENTRIES if code.family not in {Family.GSS_MAJOR, Family.KPASSWD})))
def test_no_com_err_code_or_ntstatus_looks_like_a_major_status(number: int) -> None:
    assert not looks_like_gss_major(catalogue.unsigned(number))
