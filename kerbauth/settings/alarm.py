"""The table `[alarm]`."""

from typing import Annotated

from pydantic import Field

from kerbauth.settings.fields import Kind, Seconds, Table


class AlarmSettings(Table):
    """`[alarm]`: when so many logins fail that an operator should hear of it."""

    failures: int = Field(
        0,
        ge=0,
        description="This many failed logins within `period` raise the alarm, over all realms and workers together; 0: no such limit.",
    )
    failure_percent: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False), Kind("number")] = Field(
        0.0, description="This many percent of the logins within `period` raise the alarm if they fail; 0: no such limit."
    )
    minimum: int = Field(
        20,
        ge=1,
        description="`failure_percent` is looked at from this many logins within `period` on: one mistake of one user is 100 percent.",
    )
    period: Annotated[Seconds, Field(ge=1, le=86400)] = Field(
        60.0, description="What is counted together, and how long it must be quiet until the alarm is over."
    )
