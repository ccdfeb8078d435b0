"""Noding neighbours and adding vertices to edges, before a transformation that bends straight lines.

Works in the source CRS. An edge that two rings share is treated once, in one canonical direction, so that
both rings get the very same vertices: what was edge-matched stays edge-matched.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Geometries = npt.NDArray[np.object_]
Forward = Callable[[Floats, Floats], tuple[Floats, Floats]]

MOST_BOW = 0.04
"""Metres an edge may bow at the places looked at, a little under the 0.05 m promised between them."""

_METRES = 111_320.0
_ROUNDS = 14  # doublings of an edge's pieces; only a jump of the transformation itself would need more
_MOST_PIECES = 1 << 13  # to begin with: an edge round the Earth in 5 km pieces
_LINES_AND_POLYGONS = (1, 5, 3, 6)


@dataclass(frozen=True)
class _Edges:
    """Distinct undirected edges: ends (k,2,2), the smaller end first, and how often each occurs."""

    ends: Floats
    count: Ints


def node_and_densify(geoms: Geometries, forward: Forward, *, tolerance: float, longest: float) -> Geometries:
    """Polygons and lines (n,) with added vertices; points, empty geometries and None as they are.

    A vertex nearer than ``tolerance`` (source units) to another ring's edge goes into that edge. Then an edge
    is cut into equal pieces, none longer than ``longest``, until under ``forward`` (to degrees) none bows
    more than ``MOST_BOW`` metres.
    """
    out = geoms.copy()
    kind: Any = shapely.get_type_id(geoms)
    for i in np.flatnonzero(kind == 7):  # a collection is the sum of its parts
        parts = np.asarray(shapely.get_parts(geoms[i]), dtype=object)
        done = node_and_densify(parts, forward, tolerance=tolerance, longest=longest)
        out[i] = shapely.geometrycollections(done)
    filled: Any = ~shapely.is_empty(geoms)
    rows = np.flatnonzero(np.isin(kind, _LINES_AND_POLYGONS) & filled)
    if not len(rows):
        return out
    coords, chain = _chains(geoms[rows])
    inner = np.flatnonzero(chain[1:] == chain[:-1])  # edges run from vertex i to vertex i + 1
    finite: Any = np.isfinite(coords).all(axis=1)
    edges, which, backwards = _distinct(coords, inner[finite[inner] & finite[inner + 1]])
    added = _vertices_on_edges(edges, tolerance)
    cuts = _densified(edges, added, forward, longest)
    new_coords, new_chain = _insert(coords, chain, which, backwards, cuts)
    out[rows] = _rebuild(geoms[rows], new_coords, new_chain)
    return out


def _chains(geoms: Geometries) -> tuple[Floats, Ints]:
    """All coordinates and the number of the ring or line each belongs to."""
    parts: Any = shapely.get_parts(geoms)
    area = shapely.get_type_id(parts) == 3
    polygons, lines = np.flatnonzero(area), np.flatnonzero(~area)
    rings, of = shapely.get_rings(parts[polygons], return_index=True)
    chains = np.concatenate([parts[lines], rings])
    order = np.argsort(np.concatenate([lines, polygons[of]]), kind="stable")
    coords, chain = shapely.get_coordinates(chains[order], return_index=True)
    return np.asarray(coords, np.float64), np.asarray(chain, np.int64)


def _distinct(coords: Floats, start: Ints) -> tuple[_Edges, Ints, npt.NDArray[np.bool_]]:
    """Distinct edges, for each coordinate the edge that starts there (-1: none), and whether it runs
    backwards.
    """
    _, vertex = np.unique(coords, axis=0, return_inverse=True)
    vertex = vertex.reshape(-1).astype(np.int64)
    a, b = vertex[start], vertex[start + 1]
    back = a > b
    low, high = np.where(back, b, a), np.where(back, a, b)
    key, first, at, count = np.unique(
        low * (int(vertex.max(initial=0)) + 1) + high,
        return_index=True,
        return_inverse=True,
        return_counts=True,
    )
    i = start[first]
    ends = np.stack([coords[i], coords[i + 1]], axis=1)
    ends[back[first]] = ends[back[first]][:, ::-1]
    which = np.full(len(coords), -1, np.int64)
    which[start] = at.reshape(-1)
    backwards = np.zeros(len(coords), bool)
    backwards[start] = back
    assert len(key) == len(ends)
    return _Edges(ends, count.astype(np.int64)), which, backwards


def _vertices_on_edges(edges: _Edges, tolerance: float) -> list[tuple[Ints, Floats, Floats]]:
    """Vertices of one edge that lie within another: (edge numbers, place along it 0..1, coordinates)."""
    # An edge that two rings share exactly has no vertex on it; only unmatched ones can.
    single = np.flatnonzero((edges.count == 1) & (edges.ends[:, 0] != edges.ends[:, 1]).any(axis=1))
    if len(single) < 2:
        return []
    ends = edges.ends[single]
    points = np.unique(ends.reshape(-1, 2), axis=0)
    lines: Any = shapely.linestrings(ends)
    tree = shapely.STRtree(lines)
    at, edge = tree.query(shapely.points(points), predicate="dwithin", distance=tolerance)
    a, step, p = ends[edge, 0], ends[edge, 1] - ends[edge, 0], points[at]
    length = np.hypot(step[:, 0], step[:, 1])
    along = ((p - a) * step).sum(axis=1) / length
    within = (along > 2 * tolerance) & (along < length - 2 * tolerance)
    return [(single[edge[within]], (along / length)[within], p[within])] if within.any() else []


def _densified(
    edges: _Edges, added: list[tuple[Ints, Floats, Floats]], forward: Forward, longest: float
) -> tuple[Ints, Floats]:
    """Vertices to put into edges: edge number (sorted) and coordinates, in order along the canonical
    direction."""
    number = np.arange(len(edges.ends))
    owner, place, at = number, np.zeros(len(number)), edges.ends[:, 0]
    if added:
        owner = np.concatenate([owner, added[0][0]])
        place = np.concatenate([place, added[0][1]])
        at = np.concatenate([at, added[0][2]])
        order = np.lexsort((place, owner))
        owner, place, at = owner[order], place[order], at[order]
    last = np.r_[owner[1:] != owner[:-1], True]
    following = np.r_[at[1:], at[:1]]
    following[last] = edges.ends[owner[last], 1]
    # A piece between two nodes is also seen from the ring that owns the added vertex, there as an edge of its
    # own and maybe the other way round: the canonical direction of the piece decides where vertices go.
    flip = (at[:, 0] > following[:, 0]) | ((at[:, 0] == following[:, 0]) & (at[:, 1] > following[:, 1]))
    start, end = np.where(flip[:, None], following, at), np.where(flip[:, None], at, following)
    pieces = _pieces(start, end, forward, longest)
    owner_out = np.repeat(owner, pieces)
    step = np.arange(len(owner_out)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    n = np.repeat(pieces, pieces)
    turned = np.repeat(flip, pieces)
    t = (np.where(turned, n - step, step) / n)[:, None]
    a, b = np.repeat(start, pieces, axis=0), np.repeat(end, pieces, axis=0)
    coords = a + t * (b - a)
    node = step == 0
    coords[node] = np.repeat(at, pieces, axis=0)[node]
    inner = ~node | np.repeat(place > 0, pieces)
    return owner_out[inner], coords[inner]


def _pieces(start: Floats, end: Floats, forward: Forward, longest: float) -> Ints:
    """Into how many equal pieces each segment (k,2)-(k,2) has to be cut."""
    span = np.hypot(*(end - start).T)
    pieces = np.clip(np.ceil(span / longest), 1, _MOST_PIECES).astype(np.int64)
    todo = np.flatnonzero(span > 0)
    for _ in range(_ROUNDS):
        if not len(todo):
            break
        bow = _bow(start[todo], end[todo], pieces[todo], forward)
        todo = todo[bow > MOST_BOW]
        pieces[todo] *= 2
    return np.asarray(pieces, np.int64)


def _bow(start: Floats, end: Floats, pieces: Ints, forward: Forward) -> Floats:
    """The most that any piece of each segment bows, in metres, looked at in its middle and quarters."""
    samples = 4 * pieces + 1
    owner = np.repeat(np.arange(len(start)), samples)
    k = np.arange(len(owner)) - np.repeat(np.cumsum(samples) - samples, samples)
    t = (k / (samples[owner] - 1))[:, None]
    x, y = forward(*(start[owner] + t * (end[owner] - start[owner])).T)
    first = np.cumsum(samples) - samples
    x = x * np.cos(np.radians(np.nan_to_num(y[first])))[owner]
    knot = np.flatnonzero((k % 4 == 0) & (k < samples[owner] - 1))
    chord = np.stack([x[knot + 4] - x[knot], y[knot + 4] - y[knot]])
    length = np.hypot(*chord)
    worst = np.zeros(len(start))
    for i in (1, 2, 3):
        off = chord[0] * (y[knot + i] - y[knot]) - chord[1] * (x[knot + i] - x[knot])
        with np.errstate(invalid="ignore", divide="ignore"):
            bow = np.where(length > 0, np.abs(off) / length, 0.0) * _METRES
        np.maximum.at(worst, owner[knot], np.nan_to_num(bow))
    return worst


def _insert(
    coords: Floats, chain: Ints, which: Ints, backwards: npt.NDArray[np.bool_], cuts: tuple[Ints, Floats]
) -> tuple[Floats, Ints]:
    """Each chain's coordinates with the vertices of its edges put in, in the chain's own direction."""
    edge, new = cuts
    edge_count = int(which.max(initial=-1)) + 1
    first = np.searchsorted(edge, np.arange(edge_count + 1))
    size = np.append(np.diff(first), 0)[which]  # which == -1 reads the appended 0
    total = size + 1
    owner = np.repeat(np.arange(len(coords)), total)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(total) - total, total)
    out = coords[owner]
    inner = np.flatnonzero(step > 0)
    o, s = owner[inner], step[inner] - 1
    s = np.where(backwards[o], size[o] - 1 - s, s)
    out[inner] = new[first[which[o]] + s]
    return out, chain[owner]


def _rebuild(geoms: Geometries, coords: Floats, chain: Ints) -> Geometries:
    """The same geometries with their longer chains, each of its old type."""
    out = geoms.copy()
    ends = np.concatenate([[0], np.cumsum(np.bincount(chain))])
    number = 0
    for i, geom in enumerate(geoms):
        parts: list[Any] = []
        for part in shapely.get_parts(geom):
            if part.is_empty:
                continue
            area = part.geom_type == "Polygon"
            n = 1 + len(part.interiors) if area else 1
            rings = [coords[ends[k] : ends[k + 1]] for k in range(number, number + n)]
            number += n
            parts.append(shapely.Polygon(rings[0], rings[1:]) if area else shapely.LineString(rings[0]))
        many: dict[str, Any] = {
            "MultiPolygon": shapely.MultiPolygon,
            "MultiLineString": shapely.MultiLineString,
        }
        out[i] = many[geom.geom_type](parts) if geom.geom_type in many else parts[0]
    return out
