import datetime as dt
import uuid
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Json, StringConstraints


def _blank_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


_Blank = BeforeValidator(_blank_is_none)
_Word = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class ImportForm(BaseModel):
    """The fields of an import beside its file; an empty field says nothing."""

    model_config = ConfigDict(extra="forbid")

    crs: Annotated[_Word | None, _Blank] = Field(
        None, description="wgs84, gcj02, bd09 or epsg:N; needed where there are coordinates, never guessed"
    )
    plane: Annotated[_Word | None, _Blank] = Field(
        None, description="code of the plane: grids, responsibilities and named-lists need it"
    )
    name: Annotated[_Word | None, _Blank] = Field(None, description="name of the new draft (grids)")
    base: Annotated[uuid.UUID | None, _Blank] = Field(
        None, description="plan that the draft starts from (grids; default the one in force)"
    )
    on_findings: Annotated[Literal["reject", "draft"] | None, _Blank] = Field(
        None, description="what overlaps and gaps do (grids; default reject)"
    )
    repair: Annotated[Literal["none", "valid"] | None, _Blank] = Field(
        None, description="valid: invalid polygons are mended (default none: they are refused)"
    )
    since: Annotated[dt.date | None, _Blank] = Field(
        None, description="the day from which the rows hold (default today)"
    )
    mapping: Annotated[Json[dict[str, str]] | None, _Blank] = Field(
        None, description="JSON: our column name → the file's"
    )
    encoding: Annotated[_Word | None, _Blank] = Field(
        None, description="of a CSV or Shapefile (default: detected, UTF-8 or GB 18030)"
    )
    layer: Annotated[_Word | None, _Blank] = Field(None, description="of a GeoPackage with several")


class Submitted(BaseModel):
    """The job that loads the file."""

    model_config = ConfigDict(extra="allow")

    id: str
