"""What `[server]` says about TLS and channel binding."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from kerbauth.core.channel import BindingMode
from kerbauth.settings import Problem
from kerbauth.settings.certificates import CertificateError, end_point, read_certificates
from tests.certificates import DAY, Authority, Pair, ec_key, key_pem, pem_of, rsa_key, self_signed_ed25519
from tests.settings.files import PERMISSIONS, REALM, only_problem, problems, read


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def pair(authority: Authority) -> Pair:
    return authority.issue("server")


def refused(folder: Path, server: str) -> Problem:
    return only_problem(folder, f"[server]\n{server}", REALM, PERMISSIONS)


def test_a_certificate_and_its_key_are_taken(tmp_path: Path, pair: Pair) -> None:
    server = read(tmp_path, f"[server]\n{pair.toml}", REALM, PERMISSIONS).server
    assert (server.tls_certificate, server.tls_key) == (pair.certificate_file, pair.key_file)
    assert (server.channel_binding, server.channel_binding_certificates) == (BindingMode.ALLOW, ())


def test_with_tls_an_address_that_others_reach_needs_no_insecure_http(tmp_path: Path, pair: Pair) -> None:
    settings = read(tmp_path, f'[server]\nlisten = "0.0.0.0:443"\n{pair.toml}', REALM, PERMISSIONS)
    assert not settings.server.insecure_http


def test_the_files_can_be_named_by_variables(tmp_path: Path, pair: Pair) -> None:
    environ = {"KERBAUTH__SERVER__TLS_CERTIFICATE": pair.files[0], "KERBAUTH__SERVER__TLS_KEY": pair.files[1]}
    assert read(tmp_path, REALM, PERMISSIONS, environ=environ).server.tls_key == pair.key_file


@pytest.mark.parametrize(
    ("kept", "message"),
    [(0, "is missing, and tls_certificate is there"), (1, "is the key of a certificate that is not named; add tls_certificate")],
)
def test_neither_is_taken_without_the_other(tmp_path: Path, pair: Pair, kept: int, message: str) -> None:
    problem = refused(tmp_path, pair.toml.splitlines()[kept])
    assert (problem.key, message in problem.message) == ("server.tls_key", True)


BAD_CERTIFICATES: dict[str, tuple[bytes | None, str]] = {
    "not there": (None, "is not there. Create it"),
    "empty": (b"", "holds no certificate that can be read"),
    "text": (b"not PEM", "holds no certificate that can be read"),
    "damaged": (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds no certificate that can be read"),
    "endless": (b"x" * 1_048_577, "is larger than 1048576 bytes"),
}


@pytest.mark.parametrize(("content", "message"), BAD_CERTIFICATES.values(), ids=BAD_CERTIFICATES)
@pytest.mark.parametrize("setting", ["tls_certificate", "client_ca", "channel_binding_certificates"])
def test_a_file_without_certificates_is_a_problem(tmp_path: Path, pair: Pair, setting: str, content: bytes | None, message: str) -> None:
    file = tmp_path / "bad.pem"
    if content is not None:
        file.write_bytes(content)
        file.chmod(0o644)
    written = {
        "tls_certificate": f'tls_certificate = "bad.pem"\ntls_key = "{pair.key_file}"',
        "client_ca": f'{pair.toml}\nclient_ca = "bad.pem"',
        "channel_binding_certificates": 'channel_binding_certificates = ["bad.pem"]',
    }
    problem = refused(tmp_path, written[setting])
    assert problem.key == f"server.{setting}" + ("[1]" if setting.startswith("channel") else "")
    assert message in problem.message


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_certificates_that_others_can_change_are_a_problem(tmp_path: Path, authority: Authority, pair: Pair, mode: int) -> None:
    cas = tmp_path / "cas.pem"
    cas.write_bytes(authority.file.read_bytes())
    cas.chmod(mode)
    problem = refused(tmp_path, f'{pair.toml}\nclient_ca = "cas.pem"')
    assert (problem.key, f"has mode {mode:04o}: others than its owner could change it" in problem.message) == ("server.client_ca", True)


def test_a_folder_in_place_of_a_certificate_is_a_problem(tmp_path: Path) -> None:
    problem = refused(tmp_path, 'channel_binding_certificates = ["."]')
    assert problem.message == "the file it names cannot be read: Is a directory"


def damaged_key(_: Pair) -> bytes:
    return b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"


BAD_KEYS: dict[str, tuple[Callable[[Pair], bytes], str]] = {
    "another's key": (lambda _: key_pem(ec_key()), "is not the key of the first certificate in tls_certificate"),
    "a key of another kind": (lambda _: key_pem(rsa_key()), "is not the key of the first certificate in tls_certificate"),
    "a pass phrase": (lambda pair: key_pem(pair.key, b"pass phrase"), "protected by a pass phrase"),
    "no key": (lambda pair: pem_of(pair.certificate), "holds no private key that can be read"),
    "a damaged key": (damaged_key, "holds no private key that can be read"),
    "nothing": (lambda _: b"", "is empty"),
}


@pytest.mark.parametrize(("content", "message"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_a_key_that_cannot_serve_is_a_problem(tmp_path: Path, pair: Pair, content: Callable[[Pair], bytes], message: str) -> None:
    file = tmp_path / "server.key"
    file.touch(mode=0o600)
    file.write_bytes(content(pair))
    problem = refused(tmp_path, f'tls_certificate = "{pair.certificate_file}"\ntls_key = "server.key"')
    assert (problem.key, message in problem.message) == ("server.tls_key", True)


def test_a_key_that_others_can_read_is_a_problem(tmp_path: Path, pair: Pair) -> None:
    file = tmp_path / "server.key"
    file.write_bytes(key_pem(pair.key))
    file.chmod(0o640)
    written = f'tls_certificate = "{pair.certificate_file}"\ntls_key = "server.key"'
    assert "has mode 0640: others than the service could read or change it" in refused(tmp_path, written).message
    managed = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert read(tmp_path, f"[server]\n{written}", REALM, PERMISSIONS, environ=managed).server.tls_key == file


def test_a_chain_with_the_ca_first_is_a_problem(tmp_path: Path, authority: Authority, pair: Pair) -> None:
    chain = tmp_path / "chain.pem"
    chain.write_bytes(authority.file.read_bytes() + pair.certificate_file.read_bytes())
    chain.chmod(0o644)
    problem = refused(tmp_path, f'tls_certificate = "chain.pem"\ntls_key = "{pair.key_file}"')
    assert "the server's own certificate comes first" in problem.message


def test_a_wrong_certificate_is_told_once_and_not_again_for_its_key(tmp_path: Path) -> None:
    problem = refused(tmp_path, 'tls_certificate = "none.pem"\ntls_key = "none.key"\nlisten = "0.0.0.0:443"\nchannel_binding = "require"')
    assert problem.key == "server.tls_certificate"


def test_clients_are_asked_for_certificates_only_with_tls(tmp_path: Path, authority: Authority) -> None:
    problem = refused(tmp_path, f'client_ca = "{authority.file}"')
    assert (problem.key, "takes TLS; add tls_certificate" in problem.message) == ("server.client_ca", True)


def test_a_binding_is_required_only_where_there_is_something_to_be_bound_to(tmp_path: Path, pair: Pair) -> None:
    problem = refused(tmp_path, 'channel_binding = "require"')
    assert (problem.key, "there is no certificate a token could be bound to" in problem.message) == ("server.channel_binding", True)
    for given in (pair.toml, f'channel_binding_certificates = ["{pair.certificate_file}"]'):
        settings = read(tmp_path, f'[server]\nchannel_binding = "require"\n{given}', REALM, PERMISSIONS)
        assert settings.server.channel_binding is BindingMode.REQUIRE


def test_a_mode_that_is_none_is_a_problem(tmp_path: Path) -> None:
    assert refused(tmp_path, 'channel_binding = "maybe"').key == "server.channel_binding"


def test_a_certificate_that_nothing_can_be_bound_to_is_a_problem_only_where_a_binding_is_asked_for(tmp_path: Path) -> None:
    odd = self_signed_ed25519(tmp_path)
    assert read(tmp_path, f"[server]\n{odd.toml}", REALM, PERMISSIONS).server.tls_key == odd.key_file
    required, listed = refused(tmp_path, f'{odd.toml}\nchannel_binding = "require"'), 'channel_binding_certificates = ["ed25519.pem"]'
    assert (required.key, "has no hash of its own" in required.message) == ("server.channel_binding", True)
    assert refused(tmp_path, listed).key == "server.channel_binding_certificates[1]"


def test_the_same_proxy_certificate_twice_is_a_problem(tmp_path: Path, pair: Pair) -> None:
    file = pair.certificate_file
    assert "is in the list twice" in refused(tmp_path, f'channel_binding_certificates = ["{file}", "{file}"]').message


def test_what_is_wrong_is_told_together(tmp_path: Path, pair: Pair) -> None:
    written = f'{pair.toml.splitlines()[0]}\nclient_ca = "none.pem"\nchannel_binding_certificates = ["a.pem", "b.pem"]'
    found = problems(tmp_path, f"[server]\n{written}", REALM, PERMISSIONS)
    assert [problem.key for problem in found] == [
        "server.tls_key",
        "server.client_ca",
        "server.channel_binding_certificates[1]",
        "server.channel_binding_certificates[2]",
    ]


@pytest.mark.parametrize(("signed", "digest"), [(hashes.SHA256(), "sha256"), (hashes.SHA384(), "sha384"), (hashes.SHA512(), "sha512")])
def test_a_token_is_bound_to_the_hash_that_signed_the_certificate(authority: Authority, signed: hashes.HashAlgorithm, digest: str) -> None:
    certificate = authority.issue(f"signed-with-{digest}", signed=signed).certificate
    plain = certificate.public_bytes(serialization.Encoding.DER)
    assert end_point(certificate) == b"tls-server-end-point:" + hashlib.new(digest, plain).digest()


# A self-signed certificate for "old" made with `openssl req -x509 -sha1`: cryptography does not sign with SHA-1 any more.
SHA1_SIGNED = b"""\
-----BEGIN CERTIFICATE-----
MIIBcDCCARagAwIBAgIUPn3I8g8k9k3raIERvEwRhYgcQs0wCQYHKoZIzj0EATAO
MQwwCgYDVQQDDANvbGQwHhcNMjYxMTI0MTQzODQ1WhcNMzYxMTIxMTQzODQ1WjAO
MQwwCgYDVQQDDANvbGQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATlttdzqees
jsTF5m+HHIGFHa7AIEL3VbSh8tujl1AGedjZa1NtnhCYw8688lehHPnkzLB8xEPc
98jmJZAnMCSTo1MwUTAdBgNVHQ4EFgQUza/DxE0qSnHj7WhoaoWW3RT6jcEwHwYD
VR0jBBgwFoAUza/DxE0qSnHj7WhoaoWW3RT6jcEwDwYDVR0TAQH/BAUwAwEB/zAJ
BgcqhkjOPQQBA0kAMEYCIQDyUugUMF6H49AveVco4u5aa8JdrswLYnJGxw91+zq/
+wIhAOiP644V70sUn79iWo4EJyoo4g9Twm+YZ5I/BJTugvl4
-----END CERTIFICATE-----
"""


def test_a_token_is_bound_to_sha_256_where_sha_1_signed_the_certificate(tmp_path: Path) -> None:
    file = tmp_path / "old.pem"
    file.write_bytes(SHA1_SIGNED)
    file.chmod(0o644)
    (certificate,) = read_certificates(file)
    plain = certificate.public_bytes(serialization.Encoding.DER)
    assert end_point(certificate) == b"tls-server-end-point:" + hashlib.sha256(plain).digest()


def test_there_is_no_binding_to_a_signature_without_a_hash(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match=r"RFC 5929 section 4\.1"):
        end_point(self_signed_ed25519(tmp_path).certificate)


def test_there_is_no_binding_to_a_signature_nobody_knows(pair: Pair) -> None:
    plain = pair.certificate.public_bytes(serialization.Encoding.DER)
    ecdsa_with_sha256 = bytes.fromhex("2a8648ce3d040302")
    unknown = x509.load_der_x509_certificate(plain.replace(ecdsa_with_sha256, ecdsa_with_sha256[:-1] + b"\x63"))
    with pytest.raises(CertificateError, match="has no hash of its own"):
        end_point(unknown)


def test_an_expired_certificate_is_no_problem_of_the_settings(tmp_path: Path, authority: Authority) -> None:
    old = authority.issue("expired", time=(-2 * DAY, -DAY))
    assert read(tmp_path, f"[server]\n{old.toml}", REALM, PERMISSIONS).server.tls_key == old.key_file
