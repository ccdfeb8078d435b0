"""A generated city of any size to make units of: streets, a river, grids, buildings and accounts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo.geodesy import Projection, local_projection
from geo.units import Demand, Lines

Floats = npt.NDArray[np.float64]
Geometries = npt.NDArray[np.object_]

MIDDLE = (113.6, 34.7)
BLOCK_M = 250.0
"""Mean side of a street block."""
MAIN = 4
"""Every so many streets there is a main road; far out there are only main roads."""


@dataclass(frozen=True)
class City:
    """What ``geo.units.build_units`` asks for."""

    grids: Geometries
    codes: list[str]
    lines: Lines
    footprints: Geometries
    demand: Demand


def city(accounts: int = 1_000_000, buildings: int = 50_000, grids: int = 300, seed: int = 1) -> City:
    """A city with a dense core.

    Blocks lie on a shaken lattice, about one for eight buildings. Grids are of whole lattice squares,
    but their borders were drawn by hand: between corners they miss the streets by metres. Buildings stand
    anywhere, so that some are cut by streets and borders. Seven accounts of ten are in a building.
    """
    rng = np.random.default_rng([seed, 6])
    side = MAIN * max(2, round(np.sqrt(buildings / 8) / MAIN))
    plane = local_projection((*MIDDLE, *MIDDLE))
    node = BLOCK_M * (np.stack(np.meshgrid(*2 * [np.arange(side + 1.0)]), axis=-1) - side / 2)
    node[1:-1, 1:-1] += rng.normal(0, 0.08 * BLOCK_M, (side - 1, side - 1, 2)).clip(-60, 60)
    core = 0.3 * side * BLOCK_M
    at = _crowd(rng, buildings, core, side)
    feet = _footprints(rng, at)
    housed = np.where(rng.random(accounts) < 0.7, rng.integers(0, buildings, accounts), -1)
    where = _crowd(rng, accounts, core, side)
    where[housed >= 0] = at[housed[housed >= 0]]
    lng, lat = plane.to_degrees(*where.T)
    minutes = rng.lognormal(3, 0.7, accounts)
    across = _chains(node, _kinks(rng, node, 12.0))
    river = shapely.LineString([(-side * BLOCK_M, 400), (0, -300), (side * BLOCK_M, 500)])
    main = shapely.union_all(across[1][across[0]])
    return City(
        grids=_working(plane, _grids(rng, node, _kinks(rng, node, 6.0), grids, core)),
        codes=[f"G{g:04d}" for g in range(grids)],
        lines=Lines(
            streets=_working(plane, _streets(across, core)),
            barriers=_working(plane, np.array([river], dtype=object)),
            bridges=_working(plane, shapely.get_parts(shapely.intersection(river, main))),
        ),
        footprints=_working(plane, feet),
        demand=Demand(
            np.round(lng, 9),
            np.round(lat, 9),
            np.column_stack([minutes, np.ones(accounts)]),
            housed.astype(np.int32),
        ),
    )


def _crowd(rng: np.random.Generator, n: int, core: float, side: int) -> Floats:
    """Places (n, 2): seven of ten about the middle, the others anywhere."""
    half = 0.49 * side * BLOCK_M
    near = rng.normal(0, core / 2, (n, 2))
    far = rng.uniform(-half, half, (n, 2))
    return np.where(rng.random((n, 1)) < 0.7, near, far).clip(-half, half)


def _footprints(rng: np.random.Generator, at: Floats) -> Geometries:
    """Turned rectangles about the places, 8 to 40 m long."""
    angle = rng.uniform(0, np.pi, len(at))
    length, width = rng.uniform(8, 40, len(at)), rng.uniform(8, 18, len(at))
    along = np.stack([np.cos(angle), np.sin(angle)], axis=1) * length[:, None] / 2
    beside = np.stack([-np.sin(angle), np.cos(angle)], axis=1) * width[:, None] / 2
    ring = np.stack([along + beside, along - beside, -along - beside, -along + beside], axis=1)
    return np.asarray(shapely.polygons(ring + at[:, None]), dtype=object)


def _kinks(rng: np.random.Generator, node: Floats, metres: float) -> tuple[Floats, Floats]:
    """A bend in the middle of every lattice edge, across and upwards; none on the frame."""
    bends = []
    for axis in (1, 0):
        middle = (np.delete(node, 0, axis=axis) + np.delete(node, -1, axis=axis)) / 2
        shake = rng.normal(0, metres, middle.shape)
        frame = [slice(None), slice(None)]
        frame[1 - axis] = [0, -1]  # type: ignore[call-overload]
        shake[tuple(frame)] = 0
        bends.append(middle + shake)
    return bends[0], bends[1]


def _chains(node: Floats, kinks: tuple[Floats, Floats]) -> tuple[npt.NDArray[np.bool_], Geometries]:
    """Streets from one main road to the next: which are main roads themselves, and the lines (metres)."""
    flags: list[npt.NDArray[np.bool_]] = []
    lines: list[Geometries] = []
    for one, bend in ((node, kinks[0]), (node.swapaxes(0, 1), kinks[1].swapaxes(0, 1))):
        rows, columns = one.shape[:2]
        both = np.empty((rows, 2 * columns - 1, 2))
        both[:, ::2], both[:, 1::2] = one, bend
        for start in range(0, 2 * columns - 2, 2 * MAIN):
            chain = shapely.linestrings(both[1:-1, start : start + 2 * MAIN + 1])
            lines.append(np.asarray(chain, dtype=object))
            flags.append(np.arange(1, rows - 1) % MAIN == 0)
    return np.concatenate(flags), np.concatenate(lines)


def _streets(chains: tuple[npt.NDArray[np.bool_], Geometries], core: float) -> Geometries:
    """Main roads, and in and about the core the streets between them."""
    main, lines = chains
    middle = shapely.get_coordinates(shapely.centroid(lines))
    return np.asarray(lines[main | (np.hypot(*middle.T) < 1.6 * core)], dtype=object)


def _grids(
    rng: np.random.Generator, node: Floats, kinks: tuple[Floats, Floats], n: int, core: float
) -> Geometries:
    """Lattice squares joined about n seeds, smaller towards the middle."""
    across, upwards = kinks
    ring = np.stack(
        [
            node[:-1, :-1], across[:-1], node[:-1, 1:], upwards[:, 1:],
            node[1:, 1:], across[1:], node[1:, :-1], upwards[:, :-1],
        ],
        axis=2,
    )  # fmt: skip
    squares = np.asarray(shapely.polygons(ring.reshape(-1, 8, 2)), dtype=object)
    middle = shapely.get_coordinates(shapely.centroid(squares))
    seed = rng.choice(len(middle), n, replace=False, p=_density(middle, core))
    from scipy.spatial import cKDTree

    nearest = cKDTree(middle[seed]).query(middle)[1]
    joined: Geometries = np.empty(n, dtype=object)
    for g in range(n):
        joined[g] = shapely.coverage_union_all(squares[nearest == g])
    return joined


def _density(at: Floats, core: float) -> Floats:
    weight = 0.05 + np.exp(-((at / core) ** 2).sum(axis=1))
    return np.asarray(weight / weight.sum(), np.float64)


def _working(plane: Projection, metres: Any) -> Geometries:
    return np.asarray(
        shapely.transform(plane.inverse(metres), lambda c: np.round(c, 9)), dtype=object
    ).reshape(-1)
