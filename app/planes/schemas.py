from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

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
