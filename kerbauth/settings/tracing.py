"""The table `[tracing]`."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from kerbauth.settings.fields import Kind, Line, Table
from kerbauth.settings.findings import one


class TracingSettings(Table):
    """`[tracing]`: OpenTelemetry spans of each attempt."""

    enabled: bool = Field(
        False, description="true: send a span of each attempt to a collector. Needs further packages: pip install kerbauth[tracing]."
    )
    endpoint: Annotated[str, Kind("URL")] = Field(
        "http://127.0.0.1:4318/v1/traces", description="Where the collector takes traces by OTLP over HTTP, path included."
    )
    service_name: Line = Field("kerbauth", description="What this service is called in traces.")
    sample: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), Kind("number")] = Field(
        1.0, description="The share of attempts that are sent, between 0 and 1, where the caller's own trace does not decide it."
    )

    @field_validator("endpoint")
    @classmethod
    def _url(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            fine = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:  # brackets that do not close, a port that is no number
            fine = False
        if not fine or not value.isascii() or not value.isprintable() or " " in value:
            msg = "is no URL; expected one like http://127.0.0.1:4318/v1/traces"
            raise one(msg)
        if "@" in parts.netloc:
            msg = "holds a name or a password; let a collector on this machine pass traces on to where one is needed"
            raise one(msg)
        return value
