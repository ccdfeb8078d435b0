"""A town's ground for redraws: cells, rivers with bridges, an inner and an outer class, grids drawn once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import Voronoi

from geo.metrics import Shapes

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SIDE = 500.0
"""Metres of the side of the town for each square root of a unit."""
BRIDGES = 4_000.0
"""Metres from one bridge to the next."""


@dataclass(frozen=True, eq=False)
class Ground:
    """Cells (n,) around ``xy``, who may be reached from whom (``edges``), and the outer units.

    ``shapes`` has all borders of cells, also those that a river runs along; ``edges`` and ``length`` only
    those that can be crossed.
    """

    xy: Floats
    cells: npt.NDArray[np.object_]
    shapes: Shapes
    edges: Ints
    length: Floats
    outer: Ints
    side: float


def ground(rng: np.random.Generator, n: int) -> Ground:
    """Ground of ``n`` cells, dense in the middle."""
    side = SIDE * np.sqrt(n)
    inner = rng.normal(side / 2, 0.15 * side, (2 * n, 2))
    inner = inner[((inner > 0) & (inner < side)).all(axis=1)][: int(0.45 * n)]
    xy = rng.permutation(np.vstack([inner, rng.uniform(0, side, (n - len(inner), 2))]))
    for _ in range(2):  # Lloyd's steps, so that cells are no slivers
        xy = shapely.get_coordinates(shapely.centroid(_cells(xy, side)[0]))
    cells, borders, length = _cells(xy, side)
    shapes = Shapes(shapely.area(cells), shapely.length(cells), borders, length)
    off = xy - side / 2
    radius = np.hypot(*off.T) / (side / 2)
    outer = (radius > 0.42 + 0.04 * np.sin(3 * np.arctan2(*off.T) + rng.uniform(0, 6))).astype(np.int64)
    outer = _without_islands(outer, borders)
    open_borders = _bridged(rng, xy, borders, length, side)
    open_borders |= _joined(n, borders, open_borders, outer)
    return Ground(xy, cells, shapes, borders[open_borders], length[open_borders], outer, float(side))


def draw(
    rng: np.random.Generator, land: Ground, members: Ints, weight: Floats, grids: int
) -> npt.NDArray[np.int64]:
    """Labels 0..grids-1 of the members: connected, compact, about equal in weight.

    Bisection again and again: units in the order of their distance from one end less that from the other.
    """
    span = np.hypot(*(land.xy[land.edges[:, 0]] - land.xy[land.edges[:, 1]]).T)
    graph = csr_matrix((span, (land.edges[:, 0], land.edges[:, 1])), shape=(len(land.xy),) * 2)
    graph = (graph + graph.T)[members][:, members]
    label, todo = np.zeros(len(members), np.int64), [(np.arange(len(members)), grids, 0)]
    while todo:
        units, k, first = todo.pop()
        if k == 1:
            label[units] = first
            continue
        part, load = graph[units][:, units], weight[members[units]]
        one = dijkstra(part, indices=int(rng.integers(len(units))))
        one = dijkstra(part, indices=int(one.argmax()))
        order = np.argsort(one - dijkstra(part, indices=int(one.argmax())), kind="stable")
        half = np.zeros(len(units), bool)
        half[order[: np.searchsorted(np.cumsum(load[order]), load.sum() * (k // 2) / k)]] = True
        for side in (True, False):  # what hangs on the wrong side goes to the other
            at = np.flatnonzero(half == side)
            piece = connected_components(part[at][:, at], directed=False)[1]
            half[at[piece != np.bincount(piece, load[at]).argmax()]] = not side
        todo += [(units[half], k // 2, first), (units[~half], k - k // 2, first + k // 2)]
    return label


def pieces(n: int, edges: Ints) -> Ints:
    """Number (n,) of the connected piece of each unit."""
    graph = csr_matrix((np.ones(len(edges), np.int8), (edges[:, 0], edges[:, 1])), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _cells(xy: Floats, side: float) -> tuple[npt.NDArray[np.object_], Ints, Floats]:
    """Voronoi cells in a square, pairs that share a border, its length. Mirrored points make the walls."""
    n, near = len(xy), min(side, 12 * SIDE)
    mirrored = [xy]
    for axis in (0, 1):
        for wall in (0.0, side):
            there = xy[np.abs(xy[:, axis] - wall) < near].copy()
            there[:, axis] = 2 * wall - there[:, axis]
            mirrored.append(there)
    diagram = Voronoi(np.vstack(mirrored))
    corners = np.round(diagram.vertices, 3)
    rings = [corners[diagram.regions[region]] for region in diagram.point_region[:n]]
    owner = np.repeat(np.arange(n), [len(r) for r in rings])
    cells = shapely.polygons(shapely.linearrings(np.vstack(rings), indices=owner))
    ends = corners[np.asarray(diagram.ridge_vertices)]
    length = np.hypot(*(ends[:, 0] - ends[:, 1]).T)
    kept = (diagram.ridge_points < n).all(axis=1) & (length > 0)
    return cells, np.sort(diagram.ridge_points[kept], axis=1).astype(np.int64), length[kept]


def _without_islands(label: Ints, borders: Ints) -> Ints:
    """Labels of which each is in one piece: what hangs apart takes its neighbours' label."""
    label = label.copy()
    for _ in range(20):
        piece = pieces(len(label), borders[label[borders[:, 0]] == label[borders[:, 1]]])
        size = np.bincount(piece)
        main = {int(piece[label == c][size[piece[label == c]].argmax()]) for c in np.unique(label)}
        apart = ~np.isin(piece, list(main))
        if not apart.any():
            break
        label[apart] = 1 - label[apart]
    return label


def _bridged(rng: np.random.Generator, xy: Floats, borders: Ints, length: Floats, side: float) -> Bools:
    """Which borders can be crossed: all but those along a river, but for a bridge here and there."""
    can = np.ones(len(borders), bool)
    for share in (0.4,) if len(xy) < 10_000 else (0.36, 0.66):
        bend = 0.04 * np.sin(5 * xy[:, 1] / side + rng.uniform(0, 2 * np.pi))
        east = _without_islands((xy[:, 0] > side * (share + bend)).astype(np.int64), borders)
        along = np.flatnonzero(east[borders[:, 0]] != east[borders[:, 1]])
        can[along] = False
        north = xy[borders[along]].mean(axis=1)[:, 1]
        for at in np.arange(0.08 * side, side, BRIDGES):
            close = along[np.abs(north - at) < 600]
            if len(close):
                can[close[length[close].argmax()]] = True
    return can


def _joined(n: int, borders: Ints, can: Bools, outer: Ints) -> Bools:
    """Further bridges without which a class would not hang together."""
    more = np.zeros(len(borders), bool)
    same = outer[borders[:, 0]] == outer[borders[:, 1]]
    while True:
        piece = pieces(n, borders[(can | more) & same])
        apart = np.flatnonzero(same & (piece[borders[:, 0]] != piece[borders[:, 1]]))
        if not len(apart):
            return more
        more[apart[0]] = True
