import datetime as dt
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class PolicyWanted(BaseModel):
    """A policy to be put in force."""

    model_config = ConfigDict(extra="forbid")

    from_: dt.date = Field(
        alias="from", description="The day it holds from, until the next version that is known."
    )
    document: dict[str, Any] = Field(description="What is decided; what it leaves out is as by default.")
    reason: str | None = Field(None, max_length=2_000)


class PolicyOut(BaseModel):
    """A policy as it holds on a day."""

    kind: str
    describes: str
    default: bool = Field(description="The organisation has none of its own on that day.")
    from_: dt.date | None = Field(alias="from")
    to: dt.date | None
    recorded_at: dt.datetime | None
    document: dict[str, Any] | None = Field(description="As it was given.")
    effective: dict[str, Any] = Field(description="With nothing left out.")


class PoliciesOut(BaseModel):
    """All policies as of a day."""

    at: dt.date
    policies: list[PolicyOut]


class PolicyVersion(BaseModel):
    """A policy over a span of days."""

    from_: dt.date = Field(alias="from")
    to: dt.date | None
    recorded_at: dt.datetime
    document: dict[str, Any]


class PolicyVersions(BaseModel):
    """All versions of a policy, in order of their days; on days without one the default holds."""

    kind: str
    versions: list[PolicyVersion]


class PolicyPut(BaseModel):
    """What a change of a policy did."""

    kind: str
    changed: bool = Field(description="False: that was known already.")
    from_: dt.date = Field(alias="from")
    to: dt.date | None = Field(description="Where the next known version begins.")
