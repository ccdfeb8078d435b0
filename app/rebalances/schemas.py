from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.planes.schemas import Code

Measure = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]
GridClass = Literal["A", "B", ""]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PolygonsWanted(_Body):
    """Ground as GeoJSON, its coordinates in ``crs``."""

    polygons: dict[str, Any] = Field(description="FeatureCollection or GeometryCollection")
    crs: str = "wgs84"


class UnitsWanted(_Body):
    """What the atoms of the redraw are made of.

    ``blocks``: ground between streets, railways and water where lines are loaded; ``h3``: adaptive cells;
    ``polygons``: those given here, or the loaded ``regions`` of a kind, such as villages. Left out: blocks
    where there are lines.
    """

    mode: Literal["blocks", "h3", "polygons"] | None = None
    polygons: dict[str, Any] | None = Field(None, description="FeatureCollection or GeometryCollection")
    crs: str = "wgs84"
    regions: str | None = Field(None, description="Kind of the loaded regions that are the units.")


class GridWanted(_Body):
    """A grid that is to be new. Without ``class`` it has its area's, else that of all others."""

    code: Code
    name: str | None = Field(None, max_length=500)
    grid_class: GridClass | None = Field(None, alias="class")
    area: Code | None = None


class RebalanceWanted(_Body):
    """How a plan's grids are to be redrawn."""

    tolerance: Share | dict[str, Share] = Field(
        0.05,
        description="Largest share by which a grid may be off its target; one for all or one each.",
    )
    weights: list[Measure] = Field(["customers"], min_length=1, max_length=8)
    max_moved: float | None = Field(None, ge=0, le=1, description="Most that may move, as a share.")
    prefer: Literal["moves", "compact"] = "moves"
    add: list[GridWanted] = Field([], max_length=1_000, description="New grids, for a share of the work.")
    dissolve: list[Code] = Field([], description="Grids whose ground goes to the others.")
    locked_grids: list[Code] = Field([], description="Grids that neither give nor receive.")
    locked_buildings: list[str] = Field([], description="Buildings that stay, beside those that are locked.")
    locked_land: PolygonsWanted | None = Field(None, description="Ground that stays in its grid.")
    scope: list[Code] | None = Field(
        None,
        min_length=1,
        description="Grids that are redrawn among themselves; all others stay to the last vertex. "
        "Left out: all.",
    )
    within: str | None = Field(None, description="Kind of area whose borders no customer may cross.")
    units: UnitsWanted = UnitsWanted()
    frontier: int | None = Field(None, ge=2, le=20, description="How many plans to choose from.")
    seed: int = Field(0, ge=0, lt=2**63)
    time_limit: float = Field(60.0, gt=0, le=3600)
    name: str | None = Field(None, max_length=500, description="Name of the draft.")
