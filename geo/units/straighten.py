"""Straightening new borders that run along cells: fewer vertices, but no customer and no building changes
sides.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.footprints import negligible_area
from geo.units.model import Bools, Floats, Geometries, Units, geometries
from geo.units.noding import chained, keys, points_at, straight_lines

_REACH = 24
"""Vertices that a new piece may pass over, middles of pieces among them."""
_STRAY = 0.9
"""How far a new course may stray from the old one, in usual pieces of it."""
_CORNER = 0.2
"""What a vertex costs beside length, in usual pieces."""
_ROUNDS = 3

Arc = tuple[Floats, Floats]
"""The vertices of a stretch of border, the middles of its pieces with them, and those of them that stay."""


def straighten(units: Units, free: Bools, fixed: Bools) -> list[Arc]:
    """The stretches of new border that are straighter in another course.

    ``free`` and ``fixed`` (s,) flag the pieces of ``units.segments`` that are borders after the redraw and
    may, or may not, be changed. A new course goes from vertex to vertex of the old one, or to middles of its
    pieces, so that both sides can be drawn alike. Which of them it visits is the shortest path with a price
    on every vertex (Imai and Iri 1988), where a piece may pass over others only if no customer, no footprint
    and no vertex of another border lies between them (de Berg, van Kreveld and Schirra 1998). Several rounds:
    what one has straightened the next one passes over at once.
    """
    arcs = _arcs(units, free, fixed)
    if not arcs:
        return []
    scale = np.array([np.cos(np.radians(np.concatenate(arcs)[:, 1].mean())), 1.0])
    usual = np.array([_usual_piece(arc * scale) for arc in arcs])
    dense = [_with_middles(arc) for arc in arcs]
    obstacles = _Obstacles.of(units, arcs, free | fixed)
    course = dense
    for turn in range(_ROUNDS):
        before, course = course, _shortest(course, usual, obstacles, scale, first=turn == 0)
        if all(len(a) == len(b) for a, b in zip(before, course, strict=True)):
            break
    return [
        (every, new if len(new) < len(arc) else arc)
        for every, arc, new in zip(dense, arcs, course, strict=True)
    ]


def _arcs(units: Units, free: Bools, fixed: Bools) -> list[Floats]:
    """Chains of free pieces between places where another border begins or the direction is given."""
    segments = units.segments
    stops = np.unique(keys(np.concatenate([segments.start[fixed], segments.end[fixed]])))
    lines = chained(straight_lines(segments.start[free], segments.end[free]))
    xy, of = shapely.get_coordinates(lines, return_index=True)
    stop = np.isin(keys(xy), stops)
    stop[1:] |= of[1:] != of[:-1]
    stop[:-1] |= of[1:] != of[:-1]
    stop[[0, -1]] = True
    return [xy[a : b + 1] for a, b in pairwise(np.flatnonzero(stop)) if of[a] == of[b]]


def _usual_piece(line: Floats) -> float:
    """The length of a piece in the middle of the line's length: of a cell's side, not of the many short walls
    of a building that it leads around.
    """
    length = np.sort(np.hypot(*np.diff(line, axis=0).T))
    return float(length[np.searchsorted(np.cumsum(length), 0.5 * length.sum())])


def _with_middles(arc: Floats) -> Floats:
    both = np.empty((2 * len(arc) - 1, 2))
    both[::2], both[1::2] = arc, np.round((arc[:-1] + arc[1:]) / 2, 9)
    return both


@dataclass(frozen=True)
class _Chords:
    """Straight pieces (c,) that could replace what a stretch does between two of its vertices."""

    arc: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]

    def only(self, rows: NDArray[np.intp]) -> "_Chords":
        return _Chords(self.arc[rows], self.start[rows], self.end[rows])


def _shortest(
    course: list[Floats], usual: Floats, obstacles: "_Obstacles", scale: Floats, *, first: bool
) -> list[Floats]:
    """Each stretch by the cheapest of its vertices; in the ``first`` turn every other one is a middle."""
    chords = _candidates(course, usual, scale)
    allowed = ~obstacles.between(course, chords)
    if first:
        # from vertex to vertex over a middle is where the border is already
        allowed |= (chords.start % 2 == 0) & (chords.end == chords.start + 2)
    arc, start, end = chords.arc[allowed], chords.start[allowed], chords.end[allowed]
    order = np.lexsort((start, end, arc))
    arc, start, end = arc[order], start[order], end[order]
    upto = np.searchsorted(arc, np.arange(len(course) + 1))
    result = []
    for k, line in enumerate(course):
        mine = slice(upto[k], upto[k + 1])
        result.append(line[_path(line * scale, start[mine], end[mine], _CORNER * usual[k])])
    return result


def _path(line: Floats, start: NDArray[np.int64], end: NDArray[np.int64], corner: float) -> NDArray[np.intp]:
    """The vertices of the cheapest way along a line (n, 2) and the chords, sorted by their ends."""
    n = len(line)
    metres = np.hypot(*(line[end] - line[start]).T)
    step = np.hypot(*np.diff(line, axis=0).T)
    upto = np.searchsorted(end, np.arange(n + 1))
    cost, back = np.zeros(n), np.arange(n) - 1
    for j in range(1, n):
        cost[j] = cost[j - 1] + step[j - 1] + corner
        mine = slice(upto[j], upto[j + 1])
        if mine.start < mine.stop:
            way = cost[start[mine]] + metres[mine] + corner
            best = int(np.argmin(way))
            if way[best] < cost[j]:
                cost[j], back[j] = way[best], start[mine][best]
    visited = [n - 1]
    while visited[-1] > 0:
        visited.append(int(back[visited[-1]]))
    return np.array(visited[::-1])


def _candidates(course: list[Floats], usual: Floats, scale: Floats) -> _Chords:
    """The chords that stray little enough from what they pass over."""
    xy = np.concatenate(course) * scale
    size = np.array([len(line) for line in course])
    begin = np.cumsum(size) - size
    arc = np.repeat(np.arange(len(course)), size)
    place = np.arange(len(xy)) - begin[arc]
    stray = _STRAY * usual[arc]
    closed = np.array([bool((line[0] == line[-1]).all()) for line in course])
    # a ring keeps three corners whatever happens
    reach = np.where(closed, np.minimum(_REACH, (size - 1) // 3), _REACH)[arc]
    found: list[NDArray[np.int64]] = []
    for k in range(2, _REACH + 1):
        at = np.flatnonzero((place + k < size[arc]) & (k <= reach))
        a, b = xy[at], xy[at + k]
        along = b - a
        square = np.maximum((along**2).sum(axis=1), 1e-300)
        near = np.ones(len(at), bool)
        for middle in range(1, k):
            off = xy[at + middle] - a
            share = np.clip((off * along).sum(axis=1) / square, 0, 1)
            near &= np.hypot(*(off - share[:, None] * along).T) <= stray[at]
        at = at[near]
        found.append(np.column_stack([arc[at], place[at], place[at] + k]))
    chords = np.concatenate([np.empty((0, 3), np.int64), *found])
    return _Chords(chords[:, 0], chords[:, 1], chords[:, 2])


@dataclass(frozen=True)
class _Obstacles:
    """What must stay on its side of a border."""

    points: shapely.STRtree
    footprints: shapely.STRtree
    ends: NDArray[np.complex128]
    """Vertices of borders that are within no stretch."""

    @classmethod
    def of(cls, units: Units, arcs: list[Floats], border: Bools) -> "_Obstacles":
        segments, demand = units.segments, units.demand
        alone = units.demand_unit >= 0
        if demand.footprint is not None:
            alone &= demand.footprint < 0
        # between a stretch and some of its vertices lies nothing that its convex hull does not meet
        hulls = shapely.convex_hull(geometries(shapely.linestrings(arc) for arc in arcs))
        near = np.zeros(len(units.polygons), bool)
        near[shapely.STRtree(units.polygons).query(hulls, predicate="intersects")[1]] = True
        alone &= near[units.demand_unit]
        points = np.column_stack([demand.lng[alone], demand.lat[alone]])
        ends = keys(np.concatenate([segments.start[border], segments.end[border]]))
        within = keys(np.concatenate([arc[1:-1] for arc in arcs]))
        return cls(
            shapely.STRtree(points_at(points)), shapely.STRtree(units.footprints), np.setdiff1d(ends, within)
        )

    def between(self, course: list[Floats], chords: _Chords) -> Bools:
        """For each chord whether something stands between it and what it passes over."""
        blocked = self._through(course, chords)
        rows = np.flatnonzero(~blocked)
        chords = chords.only(rows)
        shapes = _enclosed(course, chords)
        stopped = np.zeros(len(rows), bool)
        stopped[self.points.query(shapes, predicate="intersects")[0]] = True
        chord, foot = self.footprints.query(shapes, predicate="intersects")
        feet = self.footprints.geometries[foot]
        # along a wall a border may run
        part = shapely.area(shapely.intersection(shapes[chord], feet))
        stopped[chord[(part > 0.1 * negligible_area(feet)) | (shapely.get_dimensions(feet) < 2)]] = True
        at = keys(np.concatenate(course))
        corners = np.union1d(self.ends, at)
        tree = shapely.STRtree(points_at(np.column_stack([corners.real, corners.imag])))
        chord, corner = tree.query(shapes, predicate="intersects")
        stopped[chord[~_passed(course, chords, np.searchsorted(corners, at), chord, corner)]] = True
        blocked[rows] = stopped
        return blocked

    def _through(self, course: list[Floats], chords: _Chords) -> Bools:
        """Which chords run through a footprint: most of those that are blocked, and quickly found."""
        xy = np.concatenate(course)
        size = np.array([len(line) for line in course])
        begin = (np.cumsum(size) - size)[chords.arc]
        lines = straight_lines(xy[begin + chords.start], xy[begin + chords.end])
        chord, foot = self.footprints.query(lines, predicate="intersects")
        inside = shapely.relate_pattern(self.footprints.geometries[foot], lines[chord], "T********")
        blocked = np.zeros(len(lines), bool)
        blocked[chord[inside]] = True
        return blocked


def _passed(
    course: list[Floats],
    chords: _Chords,
    number: NDArray[np.intp],
    chord: NDArray[np.intp],
    corner: NDArray[np.intp],
) -> Bools:
    """Of pairs of a chord and a corner, which are of a vertex that the chord passes over, or ends at;
    ``number`` is the corner that each vertex of the stretches is.
    """
    size = np.array([len(line) for line in course])
    arc = np.repeat(np.arange(len(course)), size)
    place = np.arange(len(number)) - (np.cumsum(size) - size)[arc]
    many = int(number.max()) + 1
    order = np.argsort(arc * many + number, kind="stable")
    known = (arc * many + number)[order]
    wanted = np.where(corner < many, chords.arc[chord] * many + corner, -1)
    result = np.zeros(len(chord), bool)
    # the two ends of a ring are one corner, so look for a vertex from both sides
    for spot in (np.searchsorted(known, wanted), np.searchsorted(known, wanted, "right") - 1):
        row = np.clip(spot, 0, len(known) - 1)
        there = place[order[row]]
        result |= (known[row] == wanted) & (there >= chords.start[chord]) & (there <= chords.end[chord])
    return result


def _enclosed(course: list[Floats], chords: _Chords) -> Geometries:
    """What lies between each chord and the vertices it passes over."""
    xy = np.concatenate(course)
    size = np.array([len(line) for line in course])
    begin = (np.cumsum(size) - size)[chords.arc] + chords.start
    span = chords.end - chords.start
    shapes: Geometries = np.empty(len(span), dtype=object)
    for k in np.unique(span):
        rows = np.flatnonzero(span == k)
        ring = np.append(np.arange(k + 1), 0)
        shapes[rows] = shapely.polygons(xy[begin[rows][:, None] + ring])
    # a chord may cross the old course: even-odd filling has both sides
    odd = np.flatnonzero(~shapely.is_valid(shapes))
    shapes[odd] = shapely.make_valid(shapes[odd])
    return shapes
