"""Certificates for tests, made in memory: a CA, and what it issues."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
NAMES = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
SHA256, SHA384 = hashes.SHA256(), hashes.SHA384()


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pem_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key: CertificateIssuerPrivateKeyTypes, passphrase: bytes | None = None) -> bytes:
    protection = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)


@dataclass(frozen=True)
class Pair:
    """A certificate with its key, in files."""

    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes = field(repr=False)
    certificate_file: Path
    key_file: Path

    @property
    def toml(self) -> str:
        return f'tls_certificate = "{self.certificate_file}"\ntls_key = "{self.key_file}"'

    @property
    def files(self) -> tuple[str, str]:
        return str(self.certificate_file), str(self.key_file)


class Authority:
    """A CA that writes what it issues into a folder."""

    def __init__(self, folder: Path, name: str = "Test CA") -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self._key = ec_key()
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._sign(self._name, self._key, SHA256, (-DAY, 3650 * DAY), authority=True)
        self.file = folder / f"{name.replace(' ', '-')}.pem"
        self.file.write_bytes(pem_of(self.certificate))
        self.file.chmod(0o644)

    def issue(
        self,
        name: str,
        *,
        names: Sequence[x509.GeneralName] = NAMES,
        key: CertificateIssuerPrivateKeyTypes | None = None,
        signed: hashes.HashAlgorithm = SHA256,
        time: tuple[timedelta, timedelta] = (-DAY, 365 * DAY),
        usage: x509.ObjectIdentifier | None = None,
    ) -> Pair:
        """A certificate that holds from and to these times from now, and its key with mode 0600. Overwrites files of the same name."""
        key = key or ec_key()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._sign(subject, key, signed, time, names=names, usage=usage)
        pair = Pair(certificate, key, self.folder / f"{name}.pem", self.folder / f"{name}.key")
        pair.certificate_file.write_bytes(pem_of(certificate))
        pair.certificate_file.chmod(0o644)
        pair.key_file.touch(mode=0o600)
        pair.key_file.write_bytes(key_pem(key))
        return pair

    def _sign(
        self,
        subject: x509.Name,
        key: CertificateIssuerPrivateKeyTypes,
        signed: hashes.HashAlgorithm,
        time: tuple[timedelta, timedelta],
        *,
        names: Sequence[x509.GeneralName] = (),
        usage: x509.ObjectIdentifier | None = None,
        authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + time[0])
            .not_valid_after(now + time[1])
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        if usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        return builder.sign(self._key, signed)


def self_signed_ed25519(folder: Path) -> Pair:
    """A certificate whose signature has no hash of its own (RFC 8410)."""
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ed25519")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .add_extension(x509.SubjectAlternativeName(NAMES), critical=False)
        .sign(key, None)
    )
    pair = Pair(certificate, key, folder / "ed25519.pem", folder / "ed25519.key")
    pair.certificate_file.write_bytes(pem_of(certificate))
    pair.certificate_file.chmod(0o644)
    pair.key_file.touch(mode=0o600)
    pair.key_file.write_bytes(key_pem(key))
    return pair
