"""The settings of `[server]` that are about TLS and about what clients bind their tokens to."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from kerbauth.core.channel import BindingMode
from kerbauth.settings.certificates import CertificateError, check_pair, end_point, read_certificates, read_key
from kerbauth.settings.fields import Different, FilePath, Lax, Table
from kerbauth.settings.findings import Finding, one, reading, refuse
from kerbauth.settings.secret_files import SecretFileError, read_secret_file


class TlsSettings(Table):
    """What `[server]` says about TLS. The order is the one they are checked in: each may look at those before it."""

    tls_certificate: FilePath | None = Field(
        None,
        description="The server's certificate in PEM, its own first and then those of the CAs between it and the root. With it, and "
        "`tls_key`, HTTPS is served and no plain HTTP. Taken up again by a reload.",
    )
    tls_key: FilePath | None = Field(
        None,
        validate_default=True,
        description="The key of `tls_certificate` in PEM, without a pass phrase, readable for the service's user only (mode 0600 or 0400, "
        "or inside $CREDENTIALS_DIRECTORY).",
    )
    client_ca: FilePath | None = Field(
        None,
        description="The CAs in PEM whose client certificates are taken. With it, clients are asked for a certificate: one that none of "
        "these CAs issued ends the connection, none at all is fine. Needs `tls_certificate`.",
    )
    channel_binding_certificates: Annotated[tuple[FilePath, ...], Lax, Different] = Field(
        (),
        description="Behind a proxy that ends TLS: the certificates in PEM that the proxy shows to clients, several while one is being "
        "replaced by the next. Single sign-on tokens may be bound to the first certificate in each file, besides `tls_certificate`.",
    )
    channel_binding: Annotated[BindingMode, Lax] = Field(
        BindingMode.ALLOW,
        validate_default=True,
        description="What is asked of the binding of single sign-on tokens to the TLS connection: off (nothing), allow (a token that is "
        "bound must be bound to one of the known certificates) or require (every token must be). Without `tls_certificate` and "
        "`channel_binding_certificates` there is nothing to compare, and allow is the same as off.",
    )

    @field_validator("tls_certificate")
    @classmethod
    def _certificate(cls, value: Path | None) -> Path | None:
        if value is not None:
            _reading(value)
        return value

    @field_validator("tls_key")
    @classmethod
    def _key(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if "tls_certificate" not in info.data:  # it is wrong by itself, and that is told already
            return value
        certificate: Path | None = info.data["tls_certificate"]
        if value is None:
            if certificate is not None:
                msg = "is missing, and tls_certificate is there; name the file with the certificate's key"
                raise one(msg)
            return value
        if certificate is None:
            msg = "is the key of a certificate that is not named; add tls_certificate"
            raise one(msg)
        try:
            check_pair(read_certificates(certificate)[0], read_key(read_secret_file(value, reading(info).environ)))
        except (CertificateError, SecretFileError) as error:
            raise one(str(error)) from None
        return value

    @field_validator("client_ca")
    @classmethod
    def _authorities(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is None:
            return value
        if info.data.get("tls_certificate", value) is None:
            msg = "asks clients for certificates, which takes TLS; add tls_certificate and tls_key"
            raise one(msg)
        _reading(value)
        return value

    @field_validator("channel_binding_certificates")
    @classmethod
    def _end_points(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        findings = [Finding(problem, (position,)) for position, file in enumerate(value) if (problem := binding_problem(file))]
        if findings:
            raise refuse(findings)
        return value

    @field_validator("channel_binding")
    @classmethod
    def _possible(cls, value: BindingMode, info: ValidationInfo) -> BindingMode:
        own: Path | None = info.data.get("tls_certificate")
        if value is not BindingMode.REQUIRE or not {"tls_certificate", "channel_binding_certificates"} <= info.data.keys():
            return value
        if own is None and not info.data["channel_binding_certificates"]:
            msg = (
                "is require, and there is no certificate a token could be bound to; add tls_certificate and tls_key, or the certificates "
                "of the proxy in front as channel_binding_certificates"
            )
            raise one(msg)
        if own is not None:
            problem = binding_problem(own)
            if problem:
                raise one(f"is require, and {problem}")
        return value


def binding_problem(path: Path) -> str:
    """Why no token can be bound to the first certificate of a file; empty if one can."""
    try:
        end_point(read_certificates(path)[0])
    except CertificateError as error:
        return str(error)
    return ""


def _reading(path: Path) -> None:
    try:
        read_certificates(path)
    except CertificateError as error:
        raise one(str(error)) from None
