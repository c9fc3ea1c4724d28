"""The table `[throttle]`."""

from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from kerbauth.settings.fields import FilePath, Kind, Line, Seconds, Table
from kerbauth.settings.findings import one, reading
from kerbauth.settings.secret_files import SecretFileError, read_secret_file

_SCHEMES: Final = ("valkey", "valkeys")


def _url(value: str) -> str:
    wrong = "is no address of a Valkey server; expected valkey://host:port/number, or valkeys://… for TLS"
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise one(wrong) from None
    if parts.username is not None or parts.password is not None:
        msg = "holds a user or a password; name them in `valkey_user` and `valkey_password_file`"
        raise one(msg)
    if parts.scheme not in _SCHEMES or not parts.hostname or not port or parts.query or not parts.path.removeprefix("/").isdigit():
        raise one(wrong)
    return value


class ThrottleSettings(Table):
    """`[throttle]`: wrong passwords slow down here before they lock the account at the KDC."""

    enabled: bool = Field(True, description="false: nobody counts wrong passwords here; every one of them reaches the KDC.")
    account_failures: int = Field(
        4,
        ge=1,
        description="Wrong passwords for one account within `window`, from all sources together; then no KDC is asked about it. "
        "Set it below the KDC's own lock-out threshold, and below that of every fine-grained policy.",
    )
    window: Seconds = Field(900.0, description="The time in which failures count. Not shorter than that of the KDC's own lock-out policy.")
    reserve: int = Field(
        1,
        ge=0,
        description="How many of `account_failures` are kept for sources (an address, or a named client) where that account was let in "
        "within the last 30 days, so that somebody elsewhere cannot lock the owner out.",
    )
    pause: Annotated[float, Field(ge=0, allow_inf_nan=False), Kind("seconds")] = Field(
        1.0,
        description="After the second failure of an account the next attempt has to wait this long, and twice as long after each further "
        "one, at most 60 seconds; 0: no pause.",
    )
    source_failures: int = Field(
        50,
        ge=0,
        description="Failures of one address within `window`; then it has to wait, but for accounts that were let in there of late. 0: no "
        "limit. Named clients have none.",
    )
    overall_failures: int = Field(
        1000,
        ge=0,
        description="Failures of all unknown addresses together within `window`; then those have to wait, and nobody else. 0: no limit.",
    )
    repeat_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False), Kind("seconds")] = Field(
        30.0,
        description="How long the same wrong password for the same account is answered without asking the KDC again. Remembered in memory, "
        "as a keyed digest. 0: never.",
    )
    valkey: Annotated[str, AfterValidator(_url), Kind("text")] | None = Field(
        None,
        description="A Valkey or Redis server in which several machines count together: valkey://host:port/number, or valkeys://… for TLS. "
        "Left out: the workers of this machine count together in the runtime folder.",
    )
    valkey_user: Line | None = Field(None, description="The user at that server (ACL), if it is not the default one.")
    valkey_password_file: FilePath | None = Field(
        None, description="The file with the password for that server: one line, readable for the service's user only (mode 0600 or 0400)."
    )
    valkey_ca: FilePath | None = Field(
        None,
        description="With valkeys://: a PEM file with the authorities that may have signed the server's certificate; else the machine's.",
    )

    @field_validator("reserve")
    @classmethod
    def _rest(cls, value: int, info: ValidationInfo) -> int:
        failures = info.data.get("account_failures")
        if failures is not None and value >= failures:
            msg = "leaves nothing of `account_failures` for new sources; it must be smaller"
            raise one(msg)
        return value

    @field_validator("valkey_user", "valkey_password_file", "valkey_ca")
    @classmethod
    def _for_a_server(cls, value: object, info: ValidationInfo) -> object:
        if value is not None and "valkey" in info.data and info.data["valkey"] is None:
            msg = "means nothing without `valkey`; name the server, or remove this"
            raise one(msg)
        return value

    @field_validator("valkey_password_file")
    @classmethod
    def _readable(cls, value: object, info: ValidationInfo) -> object:
        if value is not None:
            try:
                read_secret_file(value, reading(info).environ)  # type: ignore[arg-type]  # a path by now
            except SecretFileError as error:
                raise one(str(error)) from None
        return value
