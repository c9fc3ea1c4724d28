"""The tables `[clients."NAME"]`."""

import hashlib
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from kerbauth.core.disclosure import Disclosure
from kerbauth.settings.fields import FilePath, GenesysName, Lax, Table
from kerbauth.settings.findings import one, reading
from kerbauth.settings.secret_files import SecretFileError, read_token_file


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
