import krb5
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerbauth.kdc.protocol.key_info import MAX_ITERATIONS, KeyInfo
from kerbauth.kdc.protocol.string_to_key import derived, string_to_key

ATHENA = b"ATHENA.MIT.EDUraeburn"
CLEF = b"\xf0\x9d\x84\x9e"
HEX_SALT = bytes.fromhex("1234567878563412")
SHA2_SALT = bytes.fromhex("10df9dd783e5bc8acea1730e74355f61") + ATHENA

AES = (17, 18, 19, 20)
DEFAULT_COUNTS = {17: 4096, 18: 4096, 19: 32_768, 20: 32_768}

passwords = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).map(str.encode) | st.binary(min_size=1, max_size=150)
salts = st.binary(max_size=100)


def count(number: int) -> bytes:
    return number.to_bytes(4, "big")


def of_libkrb5(enctype: int, password: bytes, salt: bytes, parameters: bytes | None) -> bytes:
    return bytes(krb5.c_string_to_key(krb5.init_context(), enctype, password, salt, parameters).data)


@pytest.mark.parametrize(
    ("iterations", "password", "salt", "aes128", "aes256"),
    [
        (
            1,
            b"password",
            ATHENA,
            "42263c6e89f4fc28b8df68ee09799f15",
            "fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161",
        ),
        (
            2,
            b"password",
            ATHENA,
            "c651bf29e2300ac27fa469d693bdda13",
            "a2e16d16b36069c135d5e9d2e25f896102685618b95914b467c67622225824ff",
        ),
        (
            1200,
            b"password",
            ATHENA,
            "4c01cd46d632d01e6dbe230a01ed642a",
            "55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a",
        ),
        (
            5,
            b"password",
            HEX_SALT,
            "e9b23d52273747dd5c35cb55be619d8e",
            "97a4e786be20d81a382d5ebc96d5909cabcdadc87ca48f574504159f16c36e31",
        ),
        (
            1200,
            b"X" * 64,
            b"pass phrase equals block size",
            "59d1bb789a828b1aa54ef9c2883f69ed",
            "89adee3608db8bc71f1bfbfe459486b05618b70cbae22092534e56c553ba4b34",
        ),
        (
            1200,
            b"X" * 65,
            b"pass phrase exceeds block size",
            "cb8005dc5f90179a7f02104c0018751d",
            "d78c5c9cb872a8c9dad4697f0bb5b2d21496c82beb2caeda2112fceea057401b",
        ),
        (
            50,
            CLEF,
            b"EXAMPLE.COMpianist",
            "f149c1f2e154a73452d43e7fe62a56e5",
            "4b6d9839f84406df1f09cc166db4b83c571848b784a3d6bdc346589a3e393f9e",
        ),
    ],
)
def test_the_vectors_of_rfc_3962_appendix_b(iterations: int, password: bytes, salt: bytes, aes128: str, aes256: str) -> None:
    keys = [derived(enctype, password, salt, iterations) for enctype in (17, 18)]
    assert keys == [bytes.fromhex(aes128), bytes.fromhex(aes256)]


@pytest.mark.parametrize(
    ("enctype", "key"),
    [
        (19, "089bca48b105ea6ea77ca5d2f39dc5e7"),
        (20, "45bd806dbf6a833a9cffc1c94589a222367a79bc21c413718906e9f578a78467"),
    ],
)
def test_the_vectors_of_rfc_8009_appendix_a(enctype: int, key: str) -> None:
    assert string_to_key(KeyInfo(enctype, SHA2_SALT, None), b"password", b"") == bytes.fromhex(key)


@settings(max_examples=50)  # an example of RFC 8009 takes 50 ms in libkrb5
@given(st.sampled_from(AES), passwords, salts, st.integers(0, 1000))
def test_the_key_is_libkrb5s(enctype: int, password: bytes, salt: bytes, more: int) -> None:
    parameters = count(DEFAULT_COUNTS[enctype] + more)
    assert string_to_key(KeyInfo(enctype, salt, parameters), password, b"not used") == of_libkrb5(enctype, password, salt, parameters)


@pytest.mark.parametrize("enctype", AES)
@pytest.mark.parametrize("salt", [b"", "KÄ.TESTürsula".encode(), bytes(16)])
def test_the_key_is_libkrb5s_where_the_kdc_names_no_parameters(enctype: int, salt: bytes) -> None:
    password = "Grüße, 密码 \U0001d11e".encode()
    assert string_to_key(KeyInfo(enctype, salt, None), password, b"not used") == of_libkrb5(enctype, password, salt, None)


@pytest.mark.parametrize("enctype", AES)
def test_the_default_count_is_the_enctypes(enctype: int) -> None:
    named = KeyInfo(enctype, b"salt", count(DEFAULT_COUNTS[enctype]))
    assert string_to_key(named, b"password", b"") == string_to_key(KeyInfo(enctype, b"salt", None), b"password", b"")


def test_the_default_salt_is_used_where_the_kdc_names_none() -> None:
    assert string_to_key(KeyInfo(18, None, None), b"password", b"KA.TESTalice") == of_libkrb5(18, b"password", b"KA.TESTalice", None)


def test_an_empty_salt_that_the_kdc_names_is_no_missing_one() -> None:
    assert string_to_key(KeyInfo(18, b"", None), b"password", b"KA.TESTalice") == of_libkrb5(18, b"password", b"", None)


@pytest.mark.parametrize("enctype", [0, 1, 3, 16, 23, 25, 26, -1, 1 << 30])
def test_other_enctypes_are_left_to_libkrb5(enctype: int) -> None:
    assert string_to_key(KeyInfo(enctype, b"salt", None), b"password", b"") is None


@pytest.mark.parametrize("parameters", [b"", b"\x10", b"\0\x10\0", b"\0\0\0\x10\0", count(0), count(MAX_ITERATIONS + 1)])
def test_parameters_that_are_no_count_or_an_absurd_one_are_left_to_libkrb5(parameters: bytes) -> None:
    assert string_to_key(KeyInfo(18, b"salt", parameters), b"password", b"") is None


@pytest.mark.parametrize("enctype", AES)
def test_a_count_below_the_default_is_left_to_libkrb5_which_refuses_it(enctype: int) -> None:
    parameters = count(DEFAULT_COUNTS[enctype] - 1)
    assert string_to_key(KeyInfo(enctype, b"salt", parameters), b"password", b"") is None
    with pytest.raises(krb5.Krb5Error, match="-1765328140"):
        of_libkrb5(enctype, b"password", b"salt", parameters)


@pytest.mark.parametrize("enctype", AES)
def test_the_highest_count_is_allowed(enctype: int) -> None:
    assert string_to_key(KeyInfo(enctype, b"salt", count(MAX_ITERATIONS)), b"password", b"") is not None


def test_a_count_that_openssl_refuses_is_left_to_libkrb5() -> None:
    assert derived(18, b"password", b"salt", 0) is None
