"""The kinds of values that settings have: how each is checked, and what it is called in the reference."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from kerbauth.core import text
from kerbauth.core.addresses import Network, read_network
from kerbauth.core.principal import MalformedPrincipalError, Principal
from kerbauth.settings.findings import Finding, one, reading, refuse

NAME_LIMIT: Final = 255  # characters of a Genesys name: its database column

# What a krb5.conf can hold as a realm's name: the file format has no quoting (krb5.conf(5)).
_REALM: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9.])?")
_HOST_AND_PORT: Final = re.compile(r"(?:\[(?P<literal>[^\[\]]*)\]|(?P<host>[^\[\]:]*))(?::(?P<port>[0-9]{1,5}))?")


class Table(BaseModel):
    """A table of the configuration file. Strict (no value is guessed from another type), closed, and never changed once read."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a field's values are called in the reference and in messages."""

    name: str


class Hidden:
    """Marks a field that is no setting of its own."""


@dataclass(frozen=True, slots=True)
class Missing:
    """What to say, besides that it is missing, if a required table is not there."""

    advice: str


class HostPort(NamedTuple):
    """A host (IPv6 without brackets) and a port, None if none is given."""

    host: str
    port: int | None


def split_host_port(value: str) -> HostPort:
    """Read `host`, `host:port`, `[IPv6]` or `[IPv6]:port`. Raises ValueError."""
    found = _HOST_AND_PORT.fullmatch(value)
    if not found:
        msg = "is no host or host:port; write an IPv6 address in brackets, like [2001:db8::1]:88"
        raise ValueError(msg)
    port = None if found["port"] is None else int(found["port"])
    if port is not None and port > 65535:
        msg = "has a port above 65535"
        raise ValueError(msg)
    if found["literal"] is not None:
        try:
            ipaddress.IPv6Address(found["literal"])
        except ValueError:
            msg = "has no IPv6 address in its brackets"
            raise ValueError(msg) from None
        return HostPort(found["literal"], port)
    if not _HOST.fullmatch(found["host"]):
        msg = "has no host name or address before the port; expected host or host:port"
        raise ValueError(msg)
    return HostPort(found["host"], port)


def _path(value: object, info: ValidationInfo) -> Path:
    """A path, beginning at the file's folder."""
    if isinstance(value, Path):
        return reading(info).folder / value
    if not isinstance(value, str):
        msg = f"is {called(value)}; expected a path, as text"
        raise one(msg)
    if not value or "\0" in value:
        msg = "is empty or holds a NUL character; expected a path"
        raise one(msg)
    return reading(info).folder / value


def _one_line(value: str) -> str:
    if not value.strip() or any(text.is_control(character) for character in value):
        msg = "is empty or holds a control character; expected text on one line"
        raise one(msg)
    return value


def _genesys_name(value: str) -> str:
    if len(value) > NAME_LIMIT:
        msg = f"has {len(value)} characters; a Genesys name has at most {NAME_LIMIT}"
        raise one(msg)
    return _one_line(value)


def _realm_name(value: str) -> str:
    if not _REALM.fullmatch(value):
        msg = (
            f"{text.shown(value)!r} is no realm name; expected letters, digits, dots, hyphens and underscores, with a letter or digit "
            "at both ends, like CORP.EXAMPLE"
        )
        raise one(msg)
    return value


def _kdc(value: str) -> str:
    try:
        port = split_host_port(value).port
    except ValueError as error:
        raise one(str(error)) from None
    if port == 0:
        msg = "has the port 0; expected host or host:port"
        raise one(msg)
    return value


def _network(value: object) -> Network:
    if not isinstance(value, str):
        msg = f"is {called(value)}; expected a network, as text, like 192.0.2.0/24"
        raise one(msg)
    try:
        return read_network(value)
    except ValueError:
        msg = (
            f"{text.shown(value)!r} is no network; expected an IP address, or a network whose bits behind the prefix are zero, like "
            "192.0.2.7, 192.0.2.0/24 or 2001:db8::/32"
        )
        raise one(msg) from None


def _service(value: str) -> str:
    """A service principal without its realm, in the one spelling that a keytab's principal is compared with."""
    try:
        principal = Principal.parse(f"{value}@REALM")
    except MalformedPrincipalError:
        principal = None
    if principal is None or len(principal.components) != 2 or principal.name != value or value != "".join(value.split()):
        msg = "is no service principal without a realm; expected service/host, like HTTP/sso.corp.example"
        raise one(msg)
    return value


def _account(value: str) -> str:
    """An account's principal without its realm, in the one spelling that a keytab's principal is compared with."""
    try:
        principal = Principal.parse(f"{value}@REALM")
    except MalformedPrincipalError:
        principal = None
    if principal is None or len(principal.components) > 2 or principal.name != value or value != "".join(value.split()):
        msg = "is no principal without a realm; expected the account's name, like svc-kerbauth"
        raise one(msg)
    return value


def _several(values: tuple[str, ...]) -> tuple[str, ...]:
    """A list that somebody wrote: not empty, and nothing in it twice."""
    if not values:
        msg = "is an empty list; name at least one, or leave the setting out"
        raise one(msg)
    return _different(values)


def _different(values: tuple[str, ...]) -> tuple[str, ...]:
    repeated = [position for position, value in enumerate(values) if value in values[:position]]
    if repeated:
        raise refuse(Finding("is in the list twice; remove one", (position,)) for position in repeated)
    return values


def called(value: object) -> str:
    """What a TOML value is called. Never the value itself: it may be a secret in the wrong place."""
    names: dict[type, str] = {bool: "true or false", str: "text", int: "a whole number", float: "a number", list: "a list", dict: "a table"}
    return names.get(type(value), "a date or time")


def closed(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """A mapping that cannot be changed."""
    return MappingProxyType(dict(values))


def listed(values: Iterable[str]) -> str:
    """Names for a sentence: `a`, `b`, `c`."""
    return ", ".join(f"`{value}`" for value in values)


FilePath = Annotated[Path, BeforeValidator(_path), Kind("path")]
Line = Annotated[str, AfterValidator(_one_line), Kind("text")]
GenesysName = Annotated[str, AfterValidator(_genesys_name), Kind("text")]
RealmName = Annotated[str, AfterValidator(_realm_name), Kind("realm")]
KdcAddress = Annotated[str, AfterValidator(_kdc), Kind("host or host:port")]
ServicePrincipal = Annotated[str, AfterValidator(_service), Kind("service/host")]
AccountName = Annotated[str, AfterValidator(_account), Kind("account")]
NetworkRange = Annotated[Network, BeforeValidator(_network), Kind("network")]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False), Kind("seconds")]
# TOML has lists only; strict mode would want Python's tuples. What is in them stays strict.
Lax: Final = Field(strict=False)
Several: Final = AfterValidator(_several)
Different: Final = AfterValidator(_different)
Closed: Final = AfterValidator(closed)
