"""The table `[server]`."""

import ipaddress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from kerbauth.settings.fields import Different, FilePath, Kind, Lax, NetworkRange, Seconds, split_host_port
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


class ProxyHeader(StrEnum):
    """The header field in which trusted proxies say whom they were asked by."""

    X_FORWARDED_FOR = "x-forwarded-for"
    FORWARDED = "forwarded"


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
    # Who reaches us, and how much of us they may hold
    operations_listen: Annotated[str, Kind("address:port")] | None = Field(
        None,
        description="A second address and port, which serves /metrics, /readyz, /docs and /healthz, over plain HTTP, to whoever reaches "
        "it; `listen` then serves only /healthz of them. Left out: `listen` answers this machine and clients with operations = true.",
    )
    trusted_proxies: Annotated[tuple[NetworkRange, ...], Lax, Different] = Field(
        (),
        description="The addresses and networks of the proxies in front, and of nobody else: what they say in `proxy_header` is "
        "believed. A network that users are in as well lets every one of them choose an address.",
    )
    proxy_header: Annotated[ProxyHeader, Lax] = Field(
        ProxyHeader.X_FORWARDED_FOR,
        description="The header field that the trusted proxies write: x-forwarded-for or forwarded (RFC 7239). The other one is ignored.",
    )
    max_connections: int = Field(2000, ge=1, description="Open connections per worker; more are answered 503 and closed at once.")
    max_connections_per_address: int = Field(
        100,
        ge=1,
        description="The same for each address that connects; IPv6 addresses with the same first 64 bits are one. Does not count for "
        "`trusted_proxies` and for this machine itself.",
    )
    header_timeout: Seconds = Field(10.0, description="Within this time a request's line and header fields must have arrived, in seconds.")
    body_timeout: Seconds = Field(10.0, description="Within this time its body must have arrived, in seconds.")
    keepalive_timeout: Seconds = Field(
        75.0,
        description="How long a connection may wait for its next request, in seconds. Longer than a proxy in front keeps its own "
        "(nginx: 60), or it may send a request into a connection that is being closed.",
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
    workers: int = Field(
        1,
        ge=1,
        le=64,
        description="How many processes serve. Each realm's `max_concurrent` and `max_waiting` are shared among them. One for each core "
        "is plenty; two or more keep the service there while one is replaced.",
    )
    worker_memory_mb: int = Field(
        0,
        ge=0,
        le=1_048_576,
        description="A worker that holds more MiB of memory is replaced: first another one serves, then it ends what is under way. 0: no "
        "limit. A worker begins with some 60; a limit below that is not kept.",
    )
    worker_timeout: Seconds = Field(30.0, ge=2, description="Seconds without a sign of life after which a worker is killed and replaced.")
    drain: Seconds = Field(
        30.0,
        description="Seconds that logins under way get to end after SIGTERM, or in a worker that is replaced; what is left is cut off.",
    )
    watch: bool = Field(
        False,
        description="true: a change of the configuration file, or of a file that it names, is a reload, as if SIGHUP had been sent.",
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
        if plain and not is_loopback(host):
            msg = (
                "is an address that other machines reach, and passwords would come in unencrypted. Set tls_certificate and tls_key, or "
                "listen on 127.0.0.1 and put a TLS proxy in front, or set insecure_http = true"
            )
            raise one(msg)
        return value

    @field_validator("operations_listen")
    @classmethod
    def _apart(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and _address(value)[1] != 0 and value == info.data.get("listen"):
            msg = "is the same as `listen`; choose another port, or leave it out"
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

    @property
    def operations_address(self) -> tuple[str, int] | None:
        """`operations_listen` in parts, if it is set."""
        return None if self.operations_listen is None else _address(self.operations_listen)

    @property
    def operations_exposed(self) -> bool:
        """Whether other machines reach the operators' pages without being a client."""
        return self.operations_address is not None and not is_loopback(self.operations_address[0])


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


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address, or localhost."""
    return host == "localhost" or ipaddress.ip_address(host).is_loopback
