"""Draw grids: share small cells out over grids, keep each grid in one piece, and make its borders look drawn.

Everything here is planar, in metres. A *cell* is an atom of the drawing (a Voronoi cell or a street
block); ``edges`` are pairs of cells that share a border of positive length.
"""

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def uneven_targets(n: int, rng: np.random.Generator) -> Floats:
    """Loads of ``n`` grids from 0.4 to 1.6 of an even share, mean 1, in a random order."""
    loads = np.linspace(1.6, 0.4, n) if n > 1 else np.ones(1)
    return rng.permutation(loads)


def pieces(labels: Ints, edges: Ints) -> tuple[int, Ints]:
    """Number the connected pieces of equal label."""
    same = edges[labels[edges[:, 0]] == labels[edges[:, 1]]]
    n = len(labels)
    graph = coo_array((np.ones(len(same)), (same[:, 0], same[:, 1])), shape=(n, n))
    count, piece = connected_components(graph, directed=False)
    return int(count), piece.astype(np.int64)


def mend(labels: Ints, edges: Ints, weight: Floats, wall: Ints) -> Ints:
    """Give every piece but a label's heaviest to the neighbour it shares most edges with, within its wall.

    ``wall`` (n,) is a number that a cell's label may not cross (class × district). A piece without a
    neighbour inside its wall keeps its label; the caller decides what becomes of it.
    """
    labels = labels.copy()
    for _ in range(50):
        count, piece = pieces(labels, edges)
        mass = np.bincount(piece, weights=weight + 1e-3, minlength=count)
        owner = np.zeros(count, dtype=np.int64)
        owner[piece] = labels
        order = np.lexsort((-mass, owner))
        first = np.r_[True, owner[order][1:] != owner[order][:-1]]
        stray = np.ones(count, dtype=bool)
        stray[order[first]] = False
        if not stray.any():
            break
        both = np.vstack([edges, edges[:, ::-1]])
        ok = stray[piece[both[:, 0]]] & (piece[both[:, 0]] != piece[both[:, 1]])
        ok &= wall[both[:, 0]] == wall[both[:, 1]]
        ok &= ~stray[piece[both[:, 1]]]
        pair = both[ok]
        if not len(pair):
            break
        votes, n_votes = np.unique(np.c_[piece[pair[:, 0]], labels[pair[:, 1]]], axis=0, return_counts=True)
        for (which, label), _n in sorted(
            zip(map(tuple, votes), n_votes, strict=True), key=lambda v: (v[1], v[0])
        ):
            labels[piece == which] = label
    return labels


def power_labels(xy: Floats, weight: Floats, targets: Floats, rng: np.random.Generator) -> Ints:
    """Share cells over ``len(targets)`` compact grids whose weights are near ``targets`` × the even share.

    Weighted k-means for the centres, then a power diagram whose radii are moved until the shares fit
    (Aurenhammer, Hoffmann, Aronov 1998, by damped fixed-point steps rather than exactly).
    """
    k = len(targets)
    if k == 1:
        return np.zeros(len(xy), dtype=np.int64)
    goal = targets / targets.sum() * weight.sum()
    spread = weight + 0.15 * weight.sum() / len(xy)
    centre = xy[rng.choice(len(xy), size=k, replace=False, p=spread / spread.sum())]
    for _ in range(40):
        nearest = ((xy[:, None] - centre[None]) ** 2).sum(-1).argmin(1)
        for g in range(k):
            inside = nearest == g
            if inside.any():
                centre[g] = np.average(xy[inside], axis=0, weights=spread[inside])
    radius = np.zeros(k)
    distance = ((xy[:, None] - centre[None]) ** 2).sum(-1)
    scale = float(np.median(((centre[:, None] - centre[None]) ** 2).sum(-1)[~np.eye(k, dtype=bool)]))
    best, best_error, labels = np.zeros(len(xy), dtype=np.int64), np.inf, np.zeros(len(xy), dtype=np.int64)
    for step in range(400):
        labels = (distance - radius).argmin(1)
        load = np.bincount(labels, weights=weight, minlength=k)
        error = float(np.abs(load / goal - 1).max())
        if error < best_error:
            best, best_error = labels, error
        radius += np.clip(1 - load / goal, -1, 1) * scale * 0.08 / (1 + step / 60)
    return best.astype(np.int64)


def smooth_line(line: shapely.LineString, rounds: int, step: float) -> shapely.LineString:
    """A hand-drawn look: average each inner vertex with its neighbours, then drop what adds nothing."""
    xy = shapely.get_coordinates(line)
    closed = bool((xy[0] == xy[-1]).all())
    for _ in range(rounds):
        if closed:
            ring = xy[:-1]
            ring = (np.roll(ring, 1, 0) + 2 * ring + np.roll(ring, -1, 0)) / 4
            xy = np.vstack([ring, ring[:1]])
        elif len(xy) > 2:
            xy = np.vstack([xy[:1], (xy[:-2] + 2 * xy[1:-1] + xy[2:]) / 4, xy[-1:]])
    return shapely.LineString(xy).simplify(step)


def draw(segments: Floats, step: Floats, rounds: int = 6) -> list[shapely.Polygon]:
    """Smooth polygons from a partition's border segments (m, 2, 2); ``step`` (m,) is their detail in metres.

    Lines are smoothed between the places where three borders meet, once for both sides, so what comes
    out is edge-matched as what went in was.
    """
    lines = shapely.linestrings(segments)
    merged = shapely.get_parts(shapely.line_merge(shapely.union_all(lines)))
    # A line's detail is that of the nearest segment: fine in town, coarse in the country.
    tree = shapely.STRtree(shapely.centroid(lines))
    near = tree.nearest(shapely.line_interpolate_point(merged, 0.5, normalized=True))
    drawn = [smooth_line(line, rounds, float(step[i])) for line, i in zip(merged, near, strict=True)]
    return list(shapely.get_parts(shapely.polygonize(drawn)))
