"""Point → grid, exactly, at tens of millions of points a second.

Three roads give the same answers. A raster over the extent answers most points by one look; a point in a
cell that borders cross is tested with exact predicates (``exact``): in an edge-matched coverage against the
few edges there (``matched``), else against the grids there (``raster``, ``polygons``), which may overlap,
leave gaps, have holes and parts. Points that are asked only once are not worth a raster (``once``).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, Protocol

import numpy as np
import numpy.typing as npt
import shapely

from geo.antimeridian import jumping
from geo.errors import InputError
from geo.locator import matched as _matched
from geo.locator import raster as _raster
from geo.locator import storage
from geo.locator.matched import Matched
from geo.locator.nearest import Nearest
from geo.locator.once import Once
from geo.locator.raster import Raster
from geo.locator.rings import rings_of

Floats = npt.NDArray[np.float64]

_CHUNK = 1 << 16  # points that one thread takes at a time


@dataclass(frozen=True)
class Located:
    """Answers for points (m,): ``index`` int32, the row of the grid of lowest code that covers the point (its
    boundary included), -1 outside or non-finite; ``tie``: exactly on the boundary of two covering grids or
    more; ``ambiguous``: covered by two or more and inside one of them, which only overlapping grids bring."""

    index: npt.NDArray[np.int32]
    tie: npt.NDArray[np.bool_]
    ambiguous: npt.NDArray[np.bool_]


class Road(Protocol):
    """A way of answering: writes into arrays of the points' length."""

    def locate(
        self,
        lng: Floats,
        lat: Floats,
        index: npt.NDArray[np.int32],
        tie: npt.NDArray[np.bool_],
        ambiguous: npt.NDArray[np.bool_],
    ) -> None:
        """As :class:`Located` has them."""

    def outline(self) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Edges (e,4) ax ay bx by of all grids, or those alone that no two share, and where the edges of
        each grid begin (n+1).
        """


@dataclass
class Locator:
    """An index of grids: build it with :meth:`build`, ask with :meth:`locate` and :meth:`nearest`.

    ``codes`` (n,) are the grids' codes in the order given. Reading is safe from several threads.
    """

    codes: npt.NDArray[np.object_]
    rank: npt.NDArray[np.int64]
    extent: Floats | None  # west south east north of all grids, degrees; None where none covers anything
    road: Road
    _nearest: Nearest | None = field(default=None, repr=False)

    @staticmethod
    def build(
        geometries: npt.ArrayLike, codes: Sequence[str] | npt.NDArray[Any], *, points: int | None = None
    ) -> "Locator":
        """Index grids: polygons or multipolygons (n,), EPSG:4326 degrees as they come, and unique codes (n,).

        None and empty geometries cover nothing. Invalid rings count even–odd. ``points``: how many points
        will be asked in all, if that is known: the road is chosen by it, with the same answers; an index that
        is kept is made for the most. Raises :class:`InputError` for codes that repeat, geometries that are no
        polygons, coordinates that are not finite or beyond ±180 / ±90 degrees, and polygons that run over
        ±180; where few ``points`` are
        expected, a coordinate that is no number is found when a point is asked near it.
        """
        geoms = np.array(geometries, dtype=object).reshape(-1)
        names = np.array(list(map(str, codes)), dtype=object)
        if len(names) != len(geoms):
            raise ValueError(f"{len(geoms)} geometries but {len(names)} codes")
        _check_codes(names)
        bounds = _check_geometries(geoms, names)
        west, south, east, north = np.ascontiguousarray(bounds.T)
        extent = None
        if not np.isnan(west).all():
            extent = np.array([np.nanmin(west), np.nanmin(south), np.nanmax(east), np.nanmax(north)])
        rank = np.empty(len(names), np.int64)
        rank[np.argsort(names, kind="stable")] = np.arange(len(names))  # Python compares text by code point

        def refuse(rows: npt.NDArray[np.int64]) -> None:
            _check_numbers(rows, geoms, names)

        # The edges are counted only where there may be fewer of them than points.
        edges = _points_of(geoms) if points is not None and points >= len(geoms) else 0
        if points is not None and (points < len(geoms) or points < _MANY_PER_EDGE * edges):
            return Locator(names, rank, extent, Once(geoms, bounds, extent, rank, points, refuse))
        refuse(np.arange(len(geoms)))
        once = points is not None and points < _OFTEN_PER_EDGE * edges
        return Locator(names, rank, extent, _kept(geoms, rank, once=once))

    def locate(self, lng: npt.ArrayLike, lat: npt.ArrayLike, *, threads: int = 1) -> Located:
        """The grid of each point (m,), WGS 84 degrees; exact for every double, on edges and vertices too."""
        x = np.ascontiguousarray(np.asarray(lng, np.float64).ravel())
        y = np.ascontiguousarray(np.asarray(lat, np.float64).ravel())
        if len(x) != len(y):
            raise ValueError(f"{len(x)} longitudes but {len(y)} latitudes")
        out = Located(np.empty(len(x), np.int32), np.empty(len(x), np.bool_), np.empty(len(x), np.bool_))

        def work(start: int, size: int = _CHUNK) -> None:
            part = slice(start, start + size)
            self.road.locate(x[part], y[part], out.index[part], out.tie[part], out.ambiguous[part])

        if threads > 1 and len(x) > _CHUNK:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(work, range(0, len(x), _CHUNK)))
        else:
            work(0, len(x))
        return out

    def nearest(self, lng: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[npt.NDArray[np.int32], Floats]:
        """The nearest grid of each point (m,) and the distance: (row int32, geodesic metres float64).

        0 m and the covering grid of lowest code for a point that a grid covers; -1 and NaN where a coordinate
        is not finite or there are no grids. Right within 1 m up to 100 km and 0.1 % beyond; of grids equally
        near the lowest code.
        """
        x, y = np.asarray(lng, np.float64).ravel(), np.asarray(lat, np.float64).ravel()
        located = self.locate(x, y)
        row, metres = located.index.copy(), np.where(located.index >= 0, 0.0, np.nan)
        todo = np.flatnonzero((row < 0) & np.isfinite(x) & np.isfinite(y))
        if len(todo) and self.extent is not None:
            if self._nearest is None:
                self._nearest = Nearest.build(*self.road.outline(), self.rank)
            row[todo], metres[todo] = self._nearest.query(x[todo], y[todo])
        return row, metres

    def save(self, path: str | Path) -> None:
        """Write the index into one file (beside it first, then renamed), to be opened by :meth:`load`."""
        if isinstance(self.road, Once):
            self.road = _kept(self.road.geoms, self.rank)
        kind = "matched" if isinstance(self.road, Matched) else "raster"
        nowhere = np.zeros(0)
        storage.save(Path(path), self.codes, {
            "rank": self.rank, "extent": nowhere if self.extent is None else self.extent,
            **{f"{kind}.{name}": array for name, array in vars(self.road).items()},
        })  # fmt: skip

    @staticmethod
    def load(path: str | Path) -> "Locator":
        """Open a saved index by memory map. Raises :class:`InputError` for another kind or version of
        file.
        """
        codes, arrays = storage.load(Path(path))
        rank, extent = arrays.pop("rank"), arrays.pop("extent")
        kind = next(iter(arrays)).split(".")[0]
        parts = {name.split(".")[1]: array for name, array in arrays.items()}
        road: Road = Matched(**parts) if kind == "matched" else Raster(**parts)
        return Locator(codes, rank, extent if len(extent) else None, road)


def warm() -> None:
    """Compile every loop (kept on disk), so that no user waits for it."""
    square: Any = shapely.box(0, 0, 1, 1)
    for grids in ([square], [square, square]):  # a coverage, and one that overlaps
        codes = [str(i) for i in range(len(grids))]
        for points in (None, 0):
            index = Locator.build(np.array(grids, dtype=object), codes, points=points)
            index.nearest([0.5, 2.0, 1.0], [0.5, 0.5, 1.0])


_MANY_PER_EDGE, _OFTEN_PER_EDGE = 1, 8
"""From so many points for each edge on an index that is made to be kept is worth its time; and a fine one."""


def _points_of(geoms: npt.NDArray[np.object_]) -> int:
    return int(shapely.get_num_coordinates(geoms).sum())


def _kept(
    geoms: npt.NDArray[np.object_], rank: npt.NDArray[np.int64], *, once: bool = False
) -> Matched | Raster:
    """The quickest road of those that are made to be kept."""
    rings = rings_of(geoms)
    return _matched.build(rings, rank, once=once) or _raster.build(rings, rank)


def _check_codes(names: npt.NDArray[np.object_]) -> None:
    if len(set(names)) == len(names):
        return
    seen: dict[str, int] = {}
    for i, name in enumerate(names):
        if name in seen:
            raise InputError(
                f"grid code {name!r} is there twice (rows {seen[name] + 1} and {i + 1}): expected once",
                kind="duplicate-code",
                row=i + 1,
            )
        seen[name] = i


def _check_geometries(geoms: npt.NDArray[np.object_], names: npt.NDArray[np.object_]) -> Floats:
    """The boxes of the grids (n,4), NaN for those that cover nothing."""
    kind: Any = shapely.get_type_id(geoms)
    for i in np.flatnonzero(~np.isin(kind, (-1, 3, 6))):
        if not shapely.is_empty(geoms[i]):
            raise InputError(
                f"grid {names[i]!r} is a {geoms[i].geom_type}: expected a polygon",
                kind="bad-geometry",
                row=int(i) + 1,
            )
    with np.errstate(invalid="ignore"):
        bounds: Floats = np.asarray(shapely.bounds(geoms), np.float64).reshape(-1, 4)
        west, south, east, north = np.ascontiguousarray(bounds.T)
        within = (west >= -180) & (south >= -90) & (east <= 180) & (north <= 90)
    for i in np.flatnonzero(~within):
        if geoms[i] is not None and not shapely.is_empty(geoms[i]):
            _refuse(int(i), geoms, names)
    for i in np.flatnonzero(jumping(geoms)):
        raise InputError(
            f"grid {names[i]!r} goes over 180° from one vertex to the next, as if around the earth: cut it "
            "at the antimeridian (one that holds a pole likewise)",
            kind="out-of-range",
            row=int(i) + 1,
        )
    return bounds


def _check_numbers(
    rows: npt.NDArray[np.int64], geoms: npt.NDArray[np.object_], names: npt.NDArray[np.object_]
) -> None:
    """A box does not show a coordinate that is not a number; an area does."""
    with np.errstate(invalid="ignore"):
        off = ~np.isfinite(shapely.area(geoms[rows])) & ~shapely.is_missing(geoms[rows])
        for i in rows[off]:
            _refuse(int(i), geoms, names)


def _refuse(i: int, geoms: npt.NDArray[np.object_], names: npt.NDArray[np.object_]) -> NoReturn:
    coords = shapely.get_coordinates(geoms[i])
    off = ~((np.abs(coords[:, 0]) <= 180) & (np.abs(coords[:, 1]) <= 90))
    x, y = coords[off][0]
    raise InputError(
        f"grid {names[i]!r} has coordinate ({x:.10g}, {y:.10g}), beyond ±180 or ±90: cut it at the "
        "antimeridian, or name the CRS it is really in",
        kind="out-of-range",
        row=i + 1,
    )
