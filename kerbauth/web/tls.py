"""TLS: the context that connections are made with, its replacement while they live, and what a connection tells of itself."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from kerbauth.core.channel import BindingMode, ChannelBinding
from kerbauth.settings.certificates import CertificateError, check_pair, end_point, read_certificates, read_key
from kerbauth.settings.secret_files import SecretFileError, read_secret_file
from kerbauth.settings.tls import TlsSettings

EXPIRES_SOON: Final = timedelta(days=14)
"""How long before its end a certificate is warned about: those of ACME last 90 days or less and are replaced 30 days before their end."""


class TlsError(Exception):
    """TLS cannot be served with these files. The message is a sentence that names the setting, what is wrong and what to do."""


class ServerContext(ssl.SSLContext):
    """What a connection is made with: one certificate and its key, and the CAs whose clients are known.

    `end_point` is what tokens of clients that were shown this certificate are bound to (settings.certificates.end_point); None if no
    token can be bound to it.
    """

    end_point: bytes | None = None


@dataclass(frozen=True, slots=True)
class Tls:
    """All that was read from the settings' certificates: what to listen with (None: plain HTTP), and what tokens may be bound to
    besides the certificate of their own connection. `shown` are the certificates that clients are shown, by the setting they stand in.
    """

    context: ServerContext | None
    binding: ChannelBinding
    shown: tuple[tuple[str, x509.Certificate], ...] = ()

    def warnings(self, now: datetime) -> tuple[str, ...]:
        """What an operator must know at a start and at a reload; a sentence each.

        A certificate that has ended is here and not among the problems: a service that restarts, or a worker that is replaced, must not
        fail because a date has passed. Clients that check the certificate refuse it by themselves.
        """
        found = [sentence for setting, certificate in self.shown if (sentence := _of_its_time(setting, certificate, now))]
        if self.context is not None and self.context.end_point is None and self.binding.mode is not BindingMode.OFF:
            found.append("server.tls_certificate: its signature has no hash of its own, so single sign-on tokens cannot be bound to it")
        return tuple(found)


def open_tls(settings: TlsSettings) -> Tls:
    """Read every certificate of the settings, each once. Raises TlsError."""
    shown, values = [], []
    for number, file in enumerate(settings.channel_binding_certificates, 1):
        setting = f"channel_binding_certificates[{number}]"
        try:
            certificate = read_certificates(file)[0]
            values.append(end_point(certificate))
        except CertificateError as error:
            raise _problem(setting, error) from None
        shown.append((setting, certificate))
    binding = ChannelBinding(settings.channel_binding, tuple(dict.fromkeys(values)))
    if settings.tls_certificate is None or settings.tls_key is None:  # the settings have seen to it that there are both or neither
        return Tls(None, binding, tuple(shown))
    try:
        chain = read_certificates(settings.tls_certificate)
    except CertificateError as error:
        raise _problem("tls_certificate", error) from None
    context = _context(chain, settings.tls_key)
    if settings.client_ca is not None:
        _ask_clients(context, settings.client_ca)
    return Tls(context, binding, (("tls_certificate", chain[0]), *shown))


def _context(chain: tuple[x509.Certificate, ...], key: Path) -> ServerContext:
    """A context for this certificate.

    Python's defaults for servers hold: no export or static-RSA ciphers, forward secrecy always. TLS 1.2 is the least. There are no
    session tickets: the key that encrypts them would live as long as the process, and open what was said in all its sessions.
    """
    context = ServerContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_TICKET
    context.num_tickets = 0
    context.set_alpn_protocols(["http/1.1"])
    try:
        private = read_key(read_secret_file(key))
        check_pair(chain[0], private)
        with _in_memory(chain, private) as file:
            context.load_cert_chain(file)
    except (CertificateError, SecretFileError) as error:
        raise _problem("tls_key", error) from None
    except ssl.SSLError as error:  # a key too short for OpenSSL's security level, or of a kind that TLS does not know
        msg = f"server.tls_certificate: OpenSSL does not take it or its key: {error.reason or error}"
        raise TlsError(msg) from None
    with suppress(CertificateError):  # where bindings are required the settings have refused it
        context.end_point = end_point(chain[0])
    return context


def _ask_clients(context: ServerContext, client_ca: Path) -> None:
    """Ask clients for a certificate. One that is shown must hold; whether one is needed is not decided here."""
    try:
        authorities = read_certificates(client_ca)
        context.load_verify_locations(cadata=b"".join(each.public_bytes(serialization.Encoding.DER) for each in authorities))
    except (CertificateError, ssl.SSLError) as error:
        raise _problem("client_ca", error) from None
    context.verify_mode = ssl.CERT_OPTIONAL


def _of_its_time(setting: str, certificate: x509.Certificate, now: datetime) -> str:
    """What is to be said of the time from and to which a certificate holds; empty if it is fine."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begins:
        return f"server.{setting}: the certificate is not valid before {begins:%Y-%m-%d %H:%M} UTC, and clients refuse it until then"
    if now >= ends:
        return f"server.{setting}: the certificate ended on {ends:%Y-%m-%d %H:%M} UTC, and clients refuse it. Replace it and reload"
    if ends - now < EXPIRES_SOON:
        return f"server.{setting}: the certificate ends on {ends:%Y-%m-%d %H:%M} UTC. Replace it and reload"
    return ""


def _problem(setting: str, error: Exception) -> TlsError:
    return TlsError(f"server.{setting}: {error}")


@contextmanager
def _in_memory(chain: tuple[x509.Certificate, ...], key: PrivateKeyTypes) -> Iterator[str]:
    """A file name for what was read and checked, since the ssl module takes files only. It is in memory, and gone at the end.

    Handing over the files themselves would read them again, and a renewal in between could pair this certificate with the next one's key.
    """
    encoding = serialization.Encoding.PEM
    content = b"".join(each.public_bytes(encoding) for each in chain)
    content += key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    descriptor = os.memfd_create("kerbauth-tls")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        yield f"/proc/self/fd/{descriptor}"


HANDSHAKE: Final = 10.0
"""Seconds for a TLS handshake: two round trips and a signature. asyncio would wait for sixty."""


class TlsSwitch:
    """Which context connections are made with: `in_use`, from one change to the next. `handshake` are the seconds a handshake may take.

    A change takes effect with the next connection. It touches no listening socket, no connection in the kernel's queue and none that is
    open.
    """

    def __init__(self, first: ServerContext, handshake: float = HANDSHAKE) -> None:
        self.in_use = first
        self.handshake = handshake

    def use(self, context: ServerContext) -> None:
        """Make connections with another context from now on."""
        self.in_use = context


def end_point_of(request: web.BaseRequest) -> bytes | None:
    """What a token is bound to whose client was shown our certificate on this request's connection; None without TLS of our own.

    The certificate is the one the connection was made with, not the one a reload has put in its place since.
    """
    transport = request.transport
    tls = transport.get_extra_info("ssl_object") if transport is not None else None
    return tls.context.end_point if tls is not None and isinstance(tls.context, ServerContext) else None


def peer_names(request: web.BaseRequest) -> tuple[str, ...]:
    """The DNS and URI names (RFC 5280 section 4.2.1.6) in the client certificate of this request's connection; empty if it showed none.

    A certificate that does not lead to `client_ca` ends the handshake, so what is here is verified. Python gives nothing back (`{}` or
    None) for one that was not.
    """
    transport = request.transport
    certificate = (transport.get_extra_info("peercert") if transport is not None else None) or {}
    return tuple(value for kind, value in certificate.get("subjectAltName", ()) if kind in {"DNS", "URI"})
