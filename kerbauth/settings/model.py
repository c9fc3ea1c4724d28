"""The whole configuration file, and its smaller tables."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import Field, ValidationInfo, field_validator, model_validator

from kerbauth.core.disclosure import Disclosure
from kerbauth.core.problem import Problem
from kerbauth.settings.fields import Closed, FilePath, GenesysName, Hidden, Kind, Lax, Line, Missing, RealmName, Table
from kerbauth.settings.findings import Finding, one, reading, refuse
from kerbauth.settings.names import name_findings
from kerbauth.settings.realms import RealmSettings
from kerbauth.settings.secret_files import SecretFileError, read_token_file
from kerbauth.settings.server import ServerSettings
from kerbauth.texts import available_languages, read_folder, read_language

STANDARD_OUTPUT: Final = Path("-")
"""The value of `audit.file` that stands for standard output."""

_ADAPTER: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


class PermissionSettings(Table):
    """`[permissions]`: who may enter which application. Each adapter's own settings stand beside `adapter`."""

    adapter: Annotated[str, Kind("text")] = Field(
        description="What answers: none (nobody is asked: whoever proves who they are may enter), static (a file), or the name of an "
        "installed entry point. All further settings of this table are the adapter's own; paths in them start at the file's folder."
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


class ClientSettings(Table):
    """`[clients."NAME"]`: a program that may ask, how much it is told, and for what it may ask."""

    token_file: FilePath = Field(
        description="The file with the client's token: one line of at least 32 letters, digits and . _ ~ + / -, readable for the "
        "service's user only (mode 0600 or 0400, or inside $CREDENTIALS_DIRECTORY). Make one with: openssl rand -hex 32"
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
        "Not together with `application`.",
    )

    @field_validator("token_file")
    @classmethod
    def _token(cls, value: Path, info: ValidationInfo) -> Path:
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

    @field_validator("identity_only")
    @classmethod
    def _alone(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 -- a validator's signature
        if value and info.data.get("application") is not None:
            msg = "means that no permission question is asked, and `application` fixes one; remove one of the two"
            raise one(msg)
        return value


class AuditSettings(Table):
    """`[audit]`: the record of every attempt."""

    file: FilePath = Field(
        Path("audit.jsonl"),
        validate_default=True,
        description="One JSON line per attempt is added to this file, whose folder must exist; - is standard output.",
    )

    @field_validator("file")
    @classmethod
    def _place(cls, value: Path, info: ValidationInfo) -> Path:
        if value == reading(info).folder / STANDARD_OUTPUT:
            return STANDARD_OUTPUT
        if not value.parent.is_dir():
            msg = f"the folder {value.parent} is not there; create it, or correct the path"
            raise one(msg)
        if value.is_dir():
            msg = "is a folder; expected a file, which need not exist yet, or - for standard output"
            raise one(msg)
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
    audit: AuditSettings = Field(description="The record of every attempt.")

    @model_validator(mode="before")
    @classmethod
    def _left_out(cls, value: object) -> object:
        """A table that may be left out is read as an empty one, so that its defaults are checked like what is written."""
        return {"server": {}, "messages": {}, "audit": {}, **value} if isinstance(value, Mapping) else value

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
        return value
