"""The whole configuration file, and its smaller tables."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import Field, ValidationInfo, field_validator, model_validator

from kerbauth.core.problem import Problem
from kerbauth.settings.alarm import AlarmSettings
from kerbauth.settings.audit import AuditSettings
from kerbauth.settings.clients import ClientSettings, client_findings
from kerbauth.settings.fields import Closed, FilePath, Hidden, Kind, Lax, Line, Missing, RealmName, Table
from kerbauth.settings.findings import Finding, one, reading, refuse
from kerbauth.settings.kdcs import DnsSettings
from kerbauth.settings.names import name_findings
from kerbauth.settings.realms import RealmSettings
from kerbauth.settings.server import ServerSettings
from kerbauth.settings.throttle import ThrottleSettings
from kerbauth.settings.tracing import TracingSettings
from kerbauth.texts import available_languages, read_folder, read_language

_ADAPTER: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


class PermissionSettings(Table):
    """`[permissions]`: who may enter which application. Each adapter's own settings stand beside `adapter`."""

    adapter: Annotated[str, Kind("text")] = Field(
        description="What answers: none (nobody is asked: whoever proves who they are may enter), static (a file), groups (those of "
        "Active Directory), or the name of an installed entry point. All further settings of this table are the adapter's own; paths in "
        "them start at the file's folder."
    )
    options: Annotated[Mapping[str, Any], Closed, Hidden()] = Field(
        repr=False, description="The adapter's own settings, as they stand in the file; the adapter checks them."
    )
    base: Annotated[Path, Hidden()] = Field(description="The folder at which relative paths in the options start.")

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, value: object, info: ValidationInfo) -> object:
        """Put what is not ours aside for the adapter."""
        if not isinstance(value, Mapping):
            return value
        options = {key: each for key, each in value.items() if key != "adapter"}
        given = {"adapter": value["adapter"]} if "adapter" in value else {}
        return {**given, "options": options, "base": reading(info).folder}

    @field_validator("adapter")
    @classmethod
    def _name(cls, value: str) -> str:
        if not _ADAPTER.fullmatch(value):
            msg = 'is no adapter\'s name; expected letters, digits, dots, hyphens and underscores, like "static"'
            raise one(msg)
        return value


class MessageSettings(Table):
    """`[messages]`: the languages and the wording of what users are told."""

    languages: Annotated[tuple[Line, ...], Lax] = Field(
        ("en",), description="The languages that are offered to users. Each but en needs a catalogue file in the package's locale folder."
    )
    default: Line = Field(
        "en", validate_default=True, description="The language for users who ask for none of `languages`. Must be one of them."
    )
    overrides: FilePath | None = Field(
        None,
        description='A folder with your own texts: one file per language, like en.toml, with lines like account-locked = "…" (a reason) '
        'or "krb5:24" = "…" (a code). A code\'s text is shown only to clients with full disclosure.',
    )

    @field_validator("languages")
    @classmethod
    def _readable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Read the catalogues now, so that what is wrong with them is told together with everything else."""
        available = available_languages()
        findings: list[Finding | Problem] = []
        for position, language in enumerate(value):
            if language not in available:
                findings.append(Finding(f"has no catalogue file; available: {', '.join(available)}", (position,)))
            elif language in value[:position]:
                findings.append(Finding("is in the list twice; remove one", (position,)))
            else:
                findings += read_language(language)[1]
        if not value:
            findings.append(Finding("is an empty list; name at least one language, or leave the setting out"))
        if findings:
            raise refuse(findings)
        return value

    @field_validator("default")
    @classmethod
    def _offered(cls, value: str, info: ValidationInfo) -> str:
        if value not in info.data.get("languages", (value,)):
            msg = "is not one of `languages`; add it there, or choose one of them"
            raise one(msg)
        return value

    @field_validator("overrides")
    @classmethod
    def _own_texts(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and not value.is_dir():
            msg = "names a folder that is not there; create it, or correct the path"
            raise one(msg)
        problems = read_folder(value, info.data.get("languages") or available_languages())[1] if value else ()
        if problems:
            raise refuse(problems)
        return value


def _no_clients() -> Mapping[str, ClientSettings]:
    return MappingProxyType({})


class Settings(Table):
    """A configuration file, read and checked."""

    server: ServerSettings = Field(description="The HTTP service itself.")
    realms: Annotated[
        Mapping[RealmName, RealmSettings],
        Closed,
        Missing('say which Kerberos realm users belong to: [realms."CORP.EXAMPLE"] with kind, keytab and service'),
    ] = Field(description="The Kerberos realms whose users may log in, by name. At least one.")
    permissions: Annotated[
        PermissionSettings,
        Missing(
            'say who may enter which application: a table [permissions] with, for example, adapter = "static" and file = "permissions.toml"'
        ),
    ] = Field(description="Who may enter which application. Must be there.")
    messages: MessageSettings = Field(description="What users are told.")
    clients: Annotated[Mapping[Line, ClientSettings], Closed] = Field(
        default_factory=_no_clients, validate_default=True, description="The programs that may ask, by name."
    )
    throttle: ThrottleSettings = Field(description="Wrong passwords slow down here before they lock the account at the KDC.")
    audit: AuditSettings = Field(description="The record of every attempt.")
    alarm: AlarmSettings = Field(description="When so many logins fail that an operator should hear of it.")
    tracing: TracingSettings = Field(description="Traces of each attempt, for a collector of OpenTelemetry.")
    dns: DnsSettings = Field(description="Where realms without `kdcs` are looked up.")

    @model_validator(mode="before")
    @classmethod
    def _left_out(cls, value: object) -> object:
        """A table that may be left out is read as an empty one, so that its defaults are checked like what is written."""
        if not isinstance(value, Mapping):
            return value
        return {"server": {}, "messages": {}, "throttle": {}, "audit": {}, "alarm": {}, "tracing": {}, "dns": {}, **value}

    @field_validator("realms")
    @classmethod
    def _together(cls, value: Mapping[str, RealmSettings]) -> Mapping[str, RealmSettings]:
        findings = name_findings(value)
        if findings:
            raise refuse(findings)
        return value

    @field_validator("clients")
    @classmethod
    def _somebody(cls, value: Mapping[str, ClientSettings], info: ValidationInfo) -> Mapping[str, ClientSettings]:
        server = info.data.get("server")
        if server is not None and server.require_client and not value:
            msg = 'are missing, and server.require_client lets nobody else ask; add a table [clients."NAME"] with token_file'
            raise one(msg)
        # A `server` that is wrong is not in `data`: then nothing is said about what depends on it.
        verified = server is None or server.client_ca is not None
        findings = tuple(client_findings(value, info.data.get("realms"), certificates_verified=verified))
        if findings:
            raise refuse(findings)
        return value
