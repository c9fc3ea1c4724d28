"""The table `[server]`."""

import ipaddress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from kerbauth.settings.fields import FilePath, Kind, Lax, split_host_port
from kerbauth.settings.findings import one, reading
from kerbauth.settings.tls import TlsSettings


class LogLevel(StrEnum):
    """How much goes to the log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How the log is written."""

    CONSOLE = "console"
    JSON = "json"


class ServerSettings(TlsSettings):
    """`[server]`: the HTTP service itself."""

    insecure_http: bool = Field(
        False,
        description="true: passwords may come in unencrypted from other machines. Only for a network in which nobody can listen.",
    )
    listen: Annotated[str, Kind("address:port")] = Field(
        "127.0.0.1:8080",
        description="The IP address (IPv6 in brackets) or localhost, and the port, on which HTTP is served; port 0 takes any free one. An "
        "address that other machines reach needs `tls_certificate`, or else `insecure_http`.",
    )
    require_client: bool = Field(
        False,
        description="true: only clients with an entry in `clients` may ask.",
    )
    runtime_directory: FilePath | None = Field(
        None,
        validate_default=True,
        description="The folder for the private krb5.conf and the replay cache: the service's own, writable for nobody else. Left out: "
        "systemd's $RUNTIME_DIRECTORY if there is one, else a private temporary folder, and with it a replay cache that a restart forgets.",
    )
    log_level: Annotated[LogLevel, Lax] = Field(LogLevel.INFO, description="How much goes to the log: debug, info, warning or error.")
    log_format: Annotated[LogFormat, Lax] = Field(
        LogFormat.CONSOLE, description="How the log is written: console (a line of text per entry) or json (a JSON object per line)."
    )

    refusal_floor: Annotated[float, Field(ge=0, allow_inf_nan=False), Kind("seconds")] = Field(
        0.25,
        description="How long a refused password takes at least for callers with guarded disclosure, so that the time does not tell "
        "which accounts exist; a longer one is answered at the next multiple. Set it above what a wrong password takes with the slowest "
        "realm; 0 switches it off.",
    )

    @field_validator("listen")
    @classmethod
    def _safe(cls, value: str, info: ValidationInfo) -> str:
        host, _ = _address(value)
        # An `insecure_http` or `tls_certificate` that is itself wrong is not in `data`; then one problem at a time is enough.
        plain = info.data.get("insecure_http") is False and info.data.get("tls_certificate", value) is None
        if plain and not _is_loopback(host):
            msg = (
                "is an address that other machines reach, and passwords would come in unencrypted. Set tls_certificate and tls_key, or "
                "listen on 127.0.0.1 and put a TLS proxy in front, or set insecure_http = true"
            )
            raise one(msg)
        return value

    @field_validator("runtime_directory")
    @classmethod
    def _from_systemd(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        given = reading(info).environ.get("RUNTIME_DIRECTORY", "")
        if value is not None or not given:
            return value
        # systemd.exec(5): several folders are separated by colons; the first is the unit's own
        return Path(given.split(":")[0])

    @property
    def address(self) -> tuple[str, int]:
        """`listen` in parts: the host (IPv6 without brackets) and the port."""
        return _address(self.listen)


def _address(value: str) -> tuple[str, int]:
    try:
        host, port = split_host_port(value)
    except ValueError as error:
        raise one(f"{error}; expected address:port, like 127.0.0.1:8080 or [::1]:8080") from None
    if port is None:
        msg = "has no port; expected address:port, like 127.0.0.1:8080 or [::1]:8080"
        raise one(msg)
    if host != "localhost":
        try:
            ipaddress.ip_address(host)
        except ValueError:
            msg = "is no IP address; a name other than localhost could stand for any address. Expected address:port, like 127.0.0.1:8080"
            raise one(msg) from None
    return host, port


def _is_loopback(host: str) -> bool:
    return host == "localhost" or ipaddress.ip_address(host).is_loopback
