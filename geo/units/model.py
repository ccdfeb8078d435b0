"""What goes into the atoms of a redraw and what comes out."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import InputError

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]


def geometries(items: Iterable[Any] = ()) -> Geometries:
    """An array of geometries, whatever their number."""
    listed = list(items)
    result: Geometries = np.empty(len(listed), dtype=object)
    result[:] = listed
    return result


@dataclass(frozen=True)
class Lines:
    """Lines that units end at, EPSG:4326, any number of each; of polygons (water) the outlines count."""

    streets: Geometries = field(default_factory=geometries)
    """New borders on them are what is hoped for."""
    other: Geometries = field(default_factory=geometries)
    """Railways, water and whatever else divides land but may be crossed."""
    barriers: Geometries = field(default_factory=geometries)
    """Units on both sides are no neighbours, but at bridges."""
    bridges: Geometries = field(default_factory=geometries)
    """Places (points as a rule) where a barrier may be crossed."""
    paths: Geometries = field(default_factory=geometries)
    """Finer streets and ways: as good for a border, but they divide only blocks with much work."""


@dataclass(frozen=True)
class Demand:
    """What stands on the land and weighs: m points, each alone or in one of the footprints."""

    lng: Floats
    lat: Floats
    """Degrees, (m,). A point in a footprint counts where the footprint is, whatever its coordinates."""
    weights: Floats
    """(m, k), never negative: one column a measure that a redraw balances."""
    footprint: Ints | None = None
    """(m,): the row of its footprint, -1 for none."""

    def __post_init__(self) -> None:
        m = len(self.lng)
        if len(self.lat) != m or self.weights.ndim != 2 or len(self.weights) != m:
            raise InputError(
                f"demand has {m} lng, {len(self.lat)} lat and weights of shape {self.weights.shape}; "
                "one row per point in each was expected",
                kind="bad-shape",
            )

    @classmethod
    def none(cls) -> "Demand":
        """Land without any work."""
        return cls(np.empty(0), np.empty(0), np.empty((0, 1)))


@dataclass(frozen=True)
class Options:
    """How fine units are. Shares are of a grid's target, in the measure where they are greatest."""

    cell_share: float = 0.04
    """A cell with more than this is divided, where its resolution still may be finer."""
    block_share: float = 0.15
    """A block with more than this is divided into cells."""
    paths_share: float = 0.03
    """A block between streets with more than this, or with more of its grid's area, is divided by paths."""
    resolutions: tuple[int, int] = (7, 10)
    """The coarsest and the finest H3 resolution."""
    small_m2: float = 10.0
    """A face with less area is no unit of its own."""
    thin_m: float = 1.0
    """Nor is one with less mean width."""
    join_empty: bool = True
    """Land without work joins the unit it borders most, if that does not spoil the unit's shape."""
    empty_share: float = 0.03
    """No more of a grid's area than this becomes one unit by joining empty land."""
    shape_loss: float = 0.3
    """By how much of its Polsby-Popper compactness joining empty land may make a unit worse."""


@dataclass(frozen=True)
class Segments:
    """The borders of units as straight pieces between noded vertices: columns of length s."""

    start: Floats
    end: Floats
    """(s, 2) degrees."""
    left: Ints
    right: Ints
    """The units on both sides (which is which means nothing); ``right`` is -1 where no grid lies beyond."""
    length_m: Floats
    street: Bools
    """On a street or path."""
    line: Bools
    """On a street, a path, another line or a barrier."""
    barrier: Bools

    def only(self, rows: Any) -> "Segments":
        """These rows."""
        return Segments(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})


@dataclass(frozen=True)
class Units:
    """The atoms of a redraw: n units, each in one current grid, together covering what the grids cover."""

    polygons: Geometries
    """(n,) EPSG:4326, rounded to 1e-9 degree, an edge-matched coverage."""
    grid: Ints
    """(n,): row of the current grid."""
    xy: Floats
    """(n, 2): centroids in metres, in a local equal-area plane."""
    area_m2: Floats
    perimeter_m: Floats
    edges: NDArray[np.int64]
    """(m, 2): neighbours, the smaller number first, sorted; none across a barrier but at bridges."""
    edge_length_m: Floats
    edge_street_m: Floats
    """(m,): how much of the shared border runs on streets and paths."""
    segments: Segments
    demand_unit: Ints
    """The unit of every point of the demand, -1 outside the grids."""
    footprint_unit: Ints
    """The unit of every footprint: where the greatest share of it is; -1 outside."""
    straddlers: Ints
    """Rows of the footprints that current borders cut."""
    footprints: Geometries
    demand: Demand
    straighten: bool
    """New borders on no line may be straightened (they are on cells; supplied polygons stay as they are)."""

    @property
    def edge_cost(self) -> Floats:
        """(m,): what a new border between neighbours costs a redraw: its metres, on streets half of them.

        Twice the price off the streets is what it takes to have nine tenths of new borders on them; more
        buys little of that, and crooked grids.
        """
        return self.edge_length_m - 0.5 * self.edge_street_m


@dataclass(frozen=True)
class Redraw:
    """The grids after a redraw."""

    polygons: Geometries
    """(g,): a grid that no new border touches keeps its very object."""
    changed: Bools
    """(g,): gave or received units."""
    touched: Bools
    """(g,): a new vertex on its border, where a new border of two others ends; its ground is the same."""
    new_border: Geometries
    """Lines, EPSG:4326."""
    new_border_m: float
    street_share: float | None
    """Share of the length of new borders that is on streets; None where there is no new border."""
    line_share: float | None
    """On streets, other lines or barriers."""
    newly_cut: Ints
    """Rows of footprints that new borders cut: none, unless the units were not made with these footprints."""
    straightened: int
    """How many stretches of new border were straightened."""
