"""Point → grid, exactly, at tens of millions of points a second.

A raster over the extent answers most points by one look; a point in a cell that borders cross is tested
against the few grids there with exact predicates (see ``raster``, ``polygons`` and ``exact``). Nothing is
assumed about the grids: they may overlap, leave gaps, have holes and parts.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo.errors import InputError
from geo.locator import polygons as _polygons
from geo.locator import raster as _raster
from geo.locator import storage
from geo.locator.nearest import Nearest
from geo.locator.polygons import Polygons
from geo.locator.raster import Raster
from geo.locator.tree import TreeRoad

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


@dataclass
class Locator:
    """An index of grids: build it with :meth:`build`, ask with :meth:`locate` and :meth:`nearest`.

    ``codes`` (n,) are the grids' codes in the order given. Reading is safe from several threads.
    """

    codes: npt.NDArray[np.object_]
    ends: Floats  # edges (e,4) ax ay bx by; those of grid i at grid_at[i]:grid_at[i + 1]
    grid_at: npt.NDArray[np.int64]
    rank: npt.NDArray[np.int64]
    polygons: Polygons | None
    raster: Raster | None
    tree: TreeRoad | None = None
    _nearest: Nearest | None = field(default=None, repr=False)

    @staticmethod
    def build(
        geometries: npt.ArrayLike, codes: Sequence[str] | npt.NDArray[Any], *, points: int | None = None
    ) -> "Locator":
        """Index grids: polygons or multipolygons (n,), EPSG:4326 degrees as they come, and unique codes (n,).

        None and empty geometries cover nothing. Invalid rings count even–odd. ``points``: how many points
        will be asked in all, if that is known: when they are few a tree is quicker than a raster, with the
        same answers. Raises :class:`InputError` for codes that repeat, geometries that are no polygons, and
        coordinates that are not finite or beyond ±180 / ±90 degrees.
        """
        geoms = np.array(geometries, dtype=object).reshape(-1)
        names = np.array([str(c) for c in codes], dtype=object)
        if len(names) != len(geoms):
            raise ValueError(f"{len(geoms)} geometries but {len(names)} codes")
        _check_codes(names)
        _check_geometries(geoms, names)
        rank = np.empty(len(names), np.int64)
        rank[np.argsort(names, kind="stable")] = np.arange(len(names))  # Python compares text by code point
        ends, grid_at = _edges(geoms)
        if points is not None and points < _few(len(ends)):
            return Locator(names, ends, grid_at, rank, None, None, TreeRoad(geoms, rank))
        polygons = _polygons.build(ends, grid_at)
        return Locator(names, ends, grid_at, rank, polygons, _raster.build(polygons, ends, grid_at, rank))

    def locate(self, lng: npt.ArrayLike, lat: npt.ArrayLike, *, threads: int = 1) -> Located:
        """The grid of each point (m,), WGS 84 degrees; exact for every double, on edges and vertices too."""
        x = np.ascontiguousarray(np.asarray(lng, np.float64).ravel())
        y = np.ascontiguousarray(np.asarray(lat, np.float64).ravel())
        if len(x) != len(y):
            raise ValueError(f"{len(x)} longitudes but {len(y)} latitudes")
        if self.tree is not None:
            return Located(*self.tree.locate(x, y))
        assert self.polygons is not None
        assert self.raster is not None
        out = Located(np.empty(len(x), np.int32), np.empty(len(x), np.bool_), np.empty(len(x), np.bool_))
        p, r = self.polygons, self.raster
        extent = _extent(p.bounds)

        def work(start: int) -> None:
            part = slice(start, start + _CHUNK) if threads > 1 else slice(None)
            _raster.locate(
                x[part], y[part], extent, r.frame, r.owner, r.starts, r.items, p.bounds, p.slabs, p.edges_at,
                p.edges, out.index[part], out.tie[part], out.ambiguous[part],
            )  # fmt: skip

        if threads > 1 and len(x) > _CHUNK:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(work, range(0, len(x), _CHUNK)))
        else:
            threads = 1
            work(0)
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
        if len(todo) and len(self.ends):
            if self._nearest is None:
                self._nearest = Nearest.build(self.ends, self.grid_at, self.rank)
            row[todo], metres[todo] = self._nearest.query(x[todo], y[todo])
        return row, metres

    def save(self, path: str | Path) -> None:
        """Write the index into one file (beside it first, then renamed), to be opened by :meth:`load`."""
        if self.polygons is None or self.raster is None:
            self.polygons = _polygons.build(self.ends, self.grid_at)
            self.raster = _raster.build(self.polygons, self.ends, self.grid_at, self.rank)
        storage.save(Path(path), self.codes, {
            "ends": self.ends, "grid_at": self.grid_at, "rank": self.rank,
            **{f"polygons.{k}": v for k, v in vars(self.polygons).items()},
            **{f"raster.{k}": v for k, v in vars(self.raster).items()},
        })  # fmt: skip

    @staticmethod
    def load(path: str | Path) -> "Locator":
        """Open a saved index by memory map. Raises :class:`InputError` for another kind or version of
        file.
        """
        codes, arrays = storage.load(Path(path))
        parts = {
            kind: {k.split(".")[1]: v for k, v in arrays.items() if k.startswith(kind + ".")}
            for kind in ("polygons", "raster")
        }
        polygons, raster = Polygons(**parts["polygons"]), Raster(**parts["raster"])
        return Locator(codes, arrays["ends"], arrays["grid_at"], arrays["rank"], polygons, raster)


def warm() -> None:
    """Compile every loop (kept on disk), so that no user waits for it."""
    square: Any = shapely.box(0, 0, 1, 1)
    Locator.build(np.array([square], dtype=object), ["a"]).nearest([0.5, 2.0, 1.0], [0.5, 0.5, 1.0])


def _few(edges: int) -> int:
    """Below how many points the tree is quicker than building the raster."""
    return 2_000 + edges // 20


def _check_codes(names: npt.NDArray[np.object_]) -> None:
    seen: dict[str, int] = {}
    for i, name in enumerate(names):
        if name in seen:
            raise InputError(
                f"grid code {name!r} is there twice (rows {seen[name] + 1} and {i + 1}): expected once",
                kind="duplicate-code",
                row=i + 1,
            )
        seen[name] = i


def _check_geometries(geoms: npt.NDArray[np.object_], names: npt.NDArray[np.object_]) -> None:
    kind: Any = shapely.get_type_id(geoms)
    filled: Any = ~(shapely.is_missing(geoms) | shapely.is_empty(geoms))
    for i in np.flatnonzero(filled & ~np.isin(kind, (3, 6)))[:1]:
        raise InputError(
            f"grid {names[i]!r} is a {geoms[i].geom_type}: expected a polygon",
            kind="bad-geometry",
            row=int(i) + 1,
        )
    coords, row = shapely.get_coordinates(geoms, return_index=True)
    with np.errstate(invalid="ignore"):
        off = np.flatnonzero(~((np.abs(coords[:, 0]) <= 180) & (np.abs(coords[:, 1]) <= 90)))
    if len(off):
        i, (x, y) = int(row[off[0]]), coords[off[0]]
        raise InputError(
            f"grid {names[i]!r} has coordinate ({x:.10g}, {y:.10g}), beyond ±180 or ±90: cut it at the "
            "antimeridian, or name the CRS it is really in",
            kind="out-of-range",
            row=i + 1,
        )


def _edges(geoms: npt.NDArray[np.object_]) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Edges (e,4) of all rings, grid by grid, and where each grid's begin."""
    parts, owner = shapely.get_parts(geoms, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    inner = np.flatnonzero(ring[1:] == ring[:-1])
    ends = np.hstack([coords[inner], coords[inner + 1]])
    count = np.bincount(owner[part[ring[inner]]], minlength=len(geoms))
    return ends, np.concatenate([[0], np.cumsum(count)]).astype(np.int64)


def _extent(bounds: Floats) -> Floats:
    """West, south, east, north of all; an extent that holds nothing when there are no grids."""
    known = bounds[~np.isnan(bounds[:, 0])]
    if not len(known):
        return np.array([1.0, 1.0, 0.0, 0.0])
    return np.concatenate([known[:, :2].min(axis=0), known[:, 2:].max(axis=0)])
