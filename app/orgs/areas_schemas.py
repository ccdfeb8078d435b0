import datetime as dt

from pydantic import BaseModel, Field


class AreaOut(BaseModel):
    """A node of the organisation's tree on the day asked about.

    ``class`` is its own, empty: inherited. ``effective_class`` is what holds, and ``class_from`` the area
    that it comes from.
    """

    code: str
    name: str
    parent: str | None
    kind: str | None
    area_class: str = Field(alias="class")
    class_reason: str | None
    effective_class: str
    class_from: str | None
    nbs_code: str | None


class AreasOut(BaseModel):
    """A page of areas by code; ``next`` is the token of the page behind it, none at the end."""

    areas: list[AreaOut]
    next: str | None


class AreaSpanOut(BaseModel):
    """What an area was over a span of days; ``superseded_at`` says when something better was known."""

    since: dt.date = Field(alias="from")
    to: dt.date | None
    name: str
    parent: str | None
    kind: str | None
    area_class: str = Field(alias="class")
    class_reason: str | None
    nbs_code: str | None
    recorded_at: dt.datetime
    superseded_at: dt.datetime | None


class AreaDetailOut(AreaOut):
    """An area on a day, the areas right below it, and all its spans: what was known before, too."""

    below: list[str]
    history: list[AreaSpanOut]
