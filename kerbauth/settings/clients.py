"""The tables `[clients."NAME"]`."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationInfo, field_validator, model_validator

from kerbauth.core.disclosure import Disclosure
from kerbauth.settings.fields import FilePath, GenesysName, Kind, Lax, NetworkRange, RealmName, Several, Table, listed
from kerbauth.settings.findings import Finding, one, reading
from kerbauth.settings.secret_files import SecretFileError, read_token_file

# What RFC 5280 4.2.1.6 lets stand in a subjectAltName: a DNS name, or an absolute URI
_DNS: Final = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)*")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,2000}")


class ClientDoor(StrEnum):
    """A door that a client may ask at."""

    HTTP = "http"
    SPNEGO = "spnego"


class ClientSettings(Table):
    """`[clients."NAME"]`: a program that may ask, how it is known, how much it is told, and for what it may ask."""

    token_file: FilePath | None = Field(
        None,
        description="The file with the client's token: one line of at least 32 letters, digits and . _ ~ + / -, readable for the "
        "service's user only (mode 0600 or 0400, or inside $CREDENTIALS_DIRECTORY). Make one with: openssl rand -hex 32. "
        "A client has a token, a `certificate`, or both; with both, it must show both.",
    )
    certificate: Annotated[str, Kind("DNS name or URI")] | None = Field(
        None,
        description="A DNS name or URI that stands in the subjectAltName of the client's certificate, which `server.client_ca` verifies. "
        "No wildcards; DNS names are compared without case.",
    )
    addresses: Annotated[tuple[NetworkRange, ...], Lax, Several] | None = Field(
        None, description="The addresses and networks from which the client may ask. Left out: from anywhere."
    )
    doors: Annotated[tuple[Annotated[ClientDoor, Lax], ...], Lax, Several] = Field(
        (ClientDoor.HTTP, ClientDoor.SPNEGO),
        description="Where the client may log users in: http (/v1/login, and /v1/password for changes), spnego (/v1/sso).",
    )
    realms: Annotated[tuple[RealmName, ...], Lax, Several] | None = Field(
        None, description="The realms about whose users the client may ask. Left out: all."
    )
    applications: Annotated[tuple[GenesysName, ...], Lax, Several] | None = Field(
        None, description="The Genesys applications the client may ask for, of which it must name one. Left out: all."
    )
    disclosure: Annotated[Disclosure, Lax] = Field(
        Disclosure.GUARDED,
        description="How much the client is told: guarded (nothing from which a stranger learns which accounts exist) or full (the exact "
        "reason). Callers without an entry are always guarded.",
    )
    application: GenesysName | None = Field(None, description="Fixes the Genesys application: the client asks for this one only.")
    identity_only: bool = Field(
        False,
        description="true: the client only wants to know who somebody is; no permission question is asked. "
        "Not together with `application` or `applications`.",
    )
    operations: bool = Field(False, description="true: the client may ask for /metrics, /readyz and /docs from other machines.")

    @field_validator("token_file")
    @classmethod
    def _token(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is None:
            return None
        context = reading(info)
        try:
            token = read_token_file(value, context.environ)
        except SecretFileError as error:
            raise one(str(error)) from None
        first = context.tokens.setdefault(hashlib.sha256(token.reveal()).digest(), value)
        if first is not value:
            msg = "another client has the same token; make one for each, so that each is known by its own"
            raise one(msg)
        return value

    @field_validator("certificate")
    @classmethod
    def _san(cls, value: str | None) -> str | None:
        if value is not None and not (_DNS.fullmatch(value) or _URI.fullmatch(value)):
            msg = "is no DNS name and no URI; expected what stands in the certificate's subjectAltName, like gax.corp.example, without *"
            raise one(msg)
        return value

    @field_validator("application")
    @classmethod
    def _one_of_its_own(cls, value: str | None, info: ValidationInfo) -> str | None:
        applications = info.data.get("applications")
        if value is not None and applications is not None and value not in applications:
            msg = "is none of `applications`; add it there, or remove one of the two settings"
            raise one(msg)
        return value

    @field_validator("identity_only")
    @classmethod
    def _alone(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 -- a validator's signature
        for other in ("application", "applications"):
            if value and info.data.get(other) is not None:
                msg = f"means that no permission question is asked, and `{other}` limits it; remove one of the two"
                raise one(msg)
        return value

    @model_validator(mode="after")
    def _known_by_something(self) -> "ClientSettings":
        if self.token_file is None and self.certificate is None:
            msg = "has neither token_file nor certificate, so nobody can be it; set one of them, or both"
            raise one(msg)
        return self


def client_findings(
    clients: Mapping[str, ClientSettings], realms: Mapping[str, object] | None, *, certificates_verified: bool
) -> Iterator[Finding]:
    """What is wrong between the clients, and between them and the other tables. `realms` None: not known, they are wrong themselves."""
    known: dict[str, str] = {}
    for name, client in clients.items():
        if client.certificate is not None and not certificates_verified:
            msg = "cannot be known without server.client_ca, which says who issues clients' certificates; set it, or use token_file"
            yield Finding(msg, (name, "certificate"))
        if client.certificate is not None and client.token_file is None:
            first = known.setdefault(client.certificate.lower(), name)
            if first != name:
                msg = f"is the name of client {listed([first])} as well, and neither has a token to tell them apart"
                yield Finding(msg, (name, "certificate"))
        for position, realm in enumerate(client.realms or ()):
            if realms is not None and realm not in realms:
                yield Finding(f"is no configured realm; configured are {listed(realms)}", (name, "realms", position))
