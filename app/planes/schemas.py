import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from geo.precedence import Rule

Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Covers(BaseModel):
    """Whom a plane covers; an empty list means everyone."""

    model_config = ConfigDict(extra="forbid")

    segment: list[str] = []
    tier: list[str] = []
    net_status: list[Literal["on_net", "off_net", "prospect"]] = []


class NewPlane(BaseModel):
    """A plane to be made."""

    model_config = ConfigDict(extra="forbid")

    code: Code
    name: str = Field("", max_length=500)
    kind: Literal["place", "list"]
    rules: list[Rule] = Field(description="The rules in the order in which they are asked.")
    covers: Covers = Covers()


class PlaneChange(BaseModel):
    """What becomes different in a plane from a day on; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, min_length=1, max_length=500)
    rules: list[Rule] | None = Field(None, description="The rules in the order in which they are asked.")
    covers: Covers | None = None
    from_: dt.date = Field(
        alias="from", description="The day it holds from, until the next change that is known."
    )
    reason: str | None = Field(None, max_length=2_000)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.name is None and self.rules is None and self.covers is None:
            raise ValueError("name, rules or covers was expected: nothing would change")
        return self


class PlaneOut(BaseModel):
    """A plane."""

    code: str
    name: str
    kind: str
    rules: list[str]
    covers: dict[str, list[str]]


class PlanesOut(BaseModel):
    """All planes of the organisation."""

    planes: list[PlaneOut]
    next: str | None = Field(None, description="The token of the page behind; none at the end.")


class PlaneVersion(BaseModel):
    """A plane over a span of days."""

    from_: dt.date = Field(alias="from")
    to: dt.date | None
    recorded_at: dt.datetime
    name: str
    rules: list[str]
    covers: dict[str, list[str]]


class PlaneVersions(BaseModel):
    """All versions of a plane, in order of their days."""

    code: str
    kind: str
    versions: list[PlaneVersion]
