import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Class = Literal["A", "B", ""]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]


class ClassWanted(BaseModel):
    """An area's own class from a day on (default: today), and why. Empty: none of its own, it inherits."""

    model_config = ConfigDict(extra="forbid")

    area_class: Class = Field(alias="class")
    since: dt.date | None = Field(None, alias="from")
    reason: Reason


class ReclassWanted(ClassWanted):
    """A change of class, shown before it is done: it is done when ``dry_run`` is false."""

    dry_run: bool = True


class Change(BaseModel):
    before: str
    after: str


class Numbers(BaseModel):
    before: float
    after: float


class Counts(BaseModel):
    before: int
    after: int


class Target(BaseModel):
    before: float | None
    after: float | None


class AreaChange(Change):
    area: str


class GridChange(Change):
    """A grid that gets another class, with its customers and its minutes a month."""

    grid: str
    name: str | None
    customers: int
    minutes: Numbers


class ClassChange(BaseModel):
    """A class in a plane; its target is the minutes of each grid when they are evened out."""

    name: str = Field(alias="class")
    grids: Counts
    minutes: Numbers
    target: Target


class Mixed(BaseModel):
    """Grids with a class of their own that is not that of their area."""

    before: list[str]
    after: list[str]


class PlaneEffect(BaseModel):
    """What changes in a plan that is in force on the day or later; ``customers`` are those of its grids."""

    plane: str
    plan: str
    day: dt.date
    customers: int
    minutes: Numbers
    grids: list[GridChange]
    classes: list[ClassChange]
    mixed_class: Mixed


class Over(BaseModel):
    before: bool
    after: bool


class PersonEffect(BaseModel):
    """Somebody whose load changes: minutes of work and of the way from home, over all their grids."""

    person: str
    name: str | None
    capacity: float | None
    minutes: Numbers
    over_capacity: Over


class EffectOut(BaseModel):
    """What a change of class does. ``to`` is the day from which another class is known already."""

    area: str
    since: dt.date = Field(alias="from")
    to: dt.date | None
    reason: str
    done: bool
    area_class: Change = Field(alias="class")
    areas: list[AreaChange]
    planes: list[PlaneEffect]
    people: list[PersonEffect]
    over_capacity: list[str]


class SuggestionsWanted(BaseModel):
    """Which areas, as of which day (default: today)."""

    model_config = ConfigDict(extra="forbid")

    at: dt.date | None = None
    kind: str | None = Field(None, description="Only areas of this kind.")
    differing: bool = Field(False, description="Only those whose class is another than suggested.")


class SuggestionOut(BaseModel):
    """The class that density suggests for an area, beside the one it has, and what that rests on."""

    area: str
    name: str
    kind: str | None
    area_class: str = Field(alias="class", description="The class it has or inherits.")
    suggested: Class | None = Field(description="None where nobody is known.")
    population: float
    urban_population: float
    share: float | None = Field(description="Of its people, how many live in urban clusters.")
    cells: int
    urban_cells: int
    largest_cluster: float


class SuggestionsOut(BaseModel):
    """Suggestions by area; nothing of them is applied. ``policy`` is what they were made by."""

    at: dt.date
    policy: dict[str, Any]
    areas_without_ground: list[str]
    suggestions: list[SuggestionOut]
