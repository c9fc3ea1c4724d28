"""Certificates and their keys, from PEM files: read, and checked as far as a file can be checked without a clock."""

import os
import stat
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from kerbauth.core.channel import PREFIX
from kerbauth.core.secret import Secret

_SIZE_LIMIT: Final = 1_048_576  # bytes; a machine's whole bundle of well-known CAs is a quarter of that


class CertificateError(Exception):
    """A certificate or key cannot be used. The message is a sentence that names neither the file nor what it holds."""


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """All certificates of a PEM file, at least one. Raises CertificateError.

    They are no secret, but whoever can change the file decides whom we trust: so nobody but its owner may.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(_SIZE_LIMIT + 1)
    except FileNotFoundError:
        msg = "the file it names is not there. Create it, or correct the path (a relative one starts at the configuration file's folder)"
        raise CertificateError(msg) from None
    except OSError as error:
        msg = f"the file it names cannot be read: {error.strerror}"
        raise CertificateError(msg) from None
    if mode & 0o022:
        msg = f"the file it names has mode {mode:04o}: others than its owner could change it. Run: chmod go-w on it"
        raise CertificateError(msg)
    if len(content) > _SIZE_LIMIT:
        msg = f"the file it names is larger than {_SIZE_LIMIT} bytes; that is no file of certificates"
        raise CertificateError(msg)
    try:
        found = x509.load_pem_x509_certificates(content)
    except ValueError:
        msg = "the file it names holds no certificate that can be read; expected PEM, with lines like -----BEGIN CERTIFICATE-----"
        raise CertificateError(msg) from None
    return tuple(found)


def read_key(pem: Secret) -> PrivateKeyTypes:
    """A private key in PEM, without a pass phrase. Raises CertificateError."""
    try:
        return serialization.load_pem_private_key(pem.reveal(), password=None)
    except TypeError:  # how cryptography says that a pass phrase is missing
        msg = "the key is protected by a pass phrase, which nobody could type at a start. Store it without: openssl pkey -in KEY -out NEW"
        raise CertificateError(msg) from None
    except (ValueError, UnsupportedAlgorithm):
        msg = "the file it names holds no private key that can be read; expected PEM, with a line like -----BEGIN PRIVATE KEY-----"
        raise CertificateError(msg) from None


def check_pair(certificate: x509.Certificate, key: PrivateKeyTypes) -> None:
    """Raises CertificateError unless the key is the certificate's."""
    if _plain(certificate.public_key()) != _plain(key.public_key()):
        msg = (
            "is not the key of the first certificate in tls_certificate. Name the key that belongs to it; and in a file with a chain, the "
            "server's own certificate comes first"
        )
        raise CertificateError(msg)


def end_point(certificate: x509.Certificate) -> bytes:
    """What a token's channel binding holds for a server with this certificate: the application data for `tls-server-end-point`.

    RFC 5929 section 4.1: the hash is the one of the certificate's own signature, but SHA-256 in place of MD5 and SHA-1. Raises
    CertificateError for a signature without a hash of its own (Ed25519, Ed448), to which no binding is defined.
    """
    try:
        used = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        used = None
    if used is None:
        msg = (
            "the certificate's signature has no hash of its own (like Ed25519), so no token can be bound to it (RFC 5929 section 4.1). Use "
            "a certificate signed with RSA or ECDSA"
        )
        raise CertificateError(msg)
    chosen = hashes.SHA256() if isinstance(used, hashes.MD5 | hashes.SHA1) else used
    return PREFIX + certificate.fingerprint(chosen)


def _plain(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
