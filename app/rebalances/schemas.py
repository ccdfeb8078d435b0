from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.planes.schemas import Code

Measure = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class UnitsWanted(BaseModel):
    """What the atoms of the redraw are made of.

    ``blocks``: ground between streets, railways and water where lines are loaded; ``h3``: adaptive cells;
    ``polygons``: those given here (GeoJSON polygons in ``crs``). Left out: blocks where there are lines.
    """

    model_config = ConfigDict(extra="forbid")

    mode: Literal["blocks", "h3", "polygons"] | None = None
    polygons: dict[str, Any] | None = Field(None, description="FeatureCollection or GeometryCollection")
    crs: str = "wgs84"


class RebalanceWanted(BaseModel):
    """How a plan's grids are to be redrawn."""

    model_config = ConfigDict(extra="forbid")

    tolerance: Share | dict[str, Share] = Field(
        0.05,
        description="Largest share by which a grid may be off its target; one for all or one each.",
    )
    weights: list[Measure] = Field(["customers"], min_length=1, max_length=8)
    max_moved: float | None = Field(None, ge=0, le=1, description="Most that may move, as a share.")
    prefer: Literal["moves", "compact"] = "moves"
    locked_grids: list[Code] = []
    scope: list[Code] | None = Field(None, description="Grids that may change; left out: all.")
    within: str | None = Field(None, description="Kind of area whose borders no customer may cross.")
    units: UnitsWanted = UnitsWanted()
    frontier: int | None = Field(None, ge=2, le=20, description="How many plans to choose from.")
    seed: int = Field(0, ge=0, lt=2**63)
    time_limit: float = Field(60.0, gt=0, le=3600)
    name: str | None = Field(None, max_length=500, description="Name of the draft.")
