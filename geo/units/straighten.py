"""Straightening new borders that run along cells: fewer vertices, but no customer and no building changes
sides.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from geo.units.model import Bools, Floats, Units, geometries
from geo.units.noding import chained, keys, points_at, straight_lines

_HALVINGS = 6


def straighten(units: Units, free: Bools, fixed: Bools) -> list[tuple[Floats, Floats]]:
    """The stretches of new border that may be straighter, each as (coordinates now, coordinates
    straightened).

    ``free`` and ``fixed`` (s,) flag the pieces of ``units.segments`` that are borders after the redraw and
    may, or may not, be changed. Straightening only leaves vertices out, so that both sides can do it alike:
    Douglas and Peucker (1973) with the length of a usual piece as the tolerance. A stretch between whose old
    and new course stand a customer, a footprint or a vertex of another border is halved, and its halves are
    tried, several times over.
    """
    arcs = _arcs(units, free, fixed)
    if not arcs:
        return []
    middle = np.concatenate(arcs)[:, 1].mean()
    scale = np.array([np.cos(np.radians(middle)), 1.0])
    obstacles = _Obstacles(units, arcs, free, fixed)
    done: list[tuple[Floats, Floats]] = []
    todo = arcs
    for _ in range(_HALVINGS):
        straight = [_simplified(arc, scale) for arc in todo]
        blocked = obstacles.between(todo, straight)
        again: list[Floats] = []
        for arc, simple, stop in zip(todo, straight, blocked, strict=True):
            if not stop or len(arc) < 4:
                done.append((arc, arc if stop else simple))
                continue
            half = len(arc) // 2
            again += [arc[: half + 1], arc[half:]]
        todo = again
        if not todo:
            break
    return done + [(arc, arc) for arc in todo]


def _arcs(units: Units, free: Bools, fixed: Bools) -> list[Floats]:
    """Chains of free pieces between places where another border begins or the direction is given."""
    segments = units.segments
    stops = np.unique(keys(np.concatenate([segments.start[fixed], segments.end[fixed]])))
    arcs = []
    for line in chained(straight_lines(segments.start[free], segments.end[free])):
        xy = shapely.get_coordinates(line)
        at = np.flatnonzero(np.isin(keys(xy), stops))
        cuts = np.unique(np.r_[0, at, len(xy) - 1])
        arcs += [xy[a : b + 1] for a, b in pairwise(cuts)]
    return arcs


def _simplified(arc: Floats, scale: Floats) -> Floats:
    if len(arc) < 3:
        return arc
    flat = arc * scale
    tolerance = 0.9 * float(np.median(np.hypot(*np.diff(flat, axis=0).T)))
    closed = bool((arc[0] == arc[-1]).all())
    line = shapely.simplify(shapely.linestrings(flat), tolerance, preserve_topology=closed)
    kept = shapely.get_coordinates(line)
    # by the vertices themselves: scaling there and back would change their last bits
    rows = np.isin(keys(flat), keys(kept))
    rows[[0, -1]] = True
    return arc[rows] if rows.sum() >= (4 if closed else 2) else arc


class _Obstacles:
    """What must stay on its side of a border."""

    def __init__(self, units: Units, arcs: list[Floats], free: Bools, fixed: Bools) -> None:
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
        border = free | fixed
        corners = np.concatenate([segments.start[border], segments.end[border]])
        self.corner_keys, first = np.unique(keys(corners), return_index=True)
        self.points = shapely.STRtree(points_at(points))
        self.corners = shapely.STRtree(points_at(corners[first]))
        self.footprints = shapely.STRtree(units.footprints)

    def between(self, arcs: list[Floats], straight: list[Floats]) -> list[bool]:
        """For each stretch whether something stands between its two courses."""
        areas: list[Any] = []
        of: list[int] = []
        for k, (arc, simple) in enumerate(zip(arcs, straight, strict=True)):
            if len(simple) < len(arc):
                both: Any = shapely.union(shapely.linestrings(arc), shapely.linestrings(simple))
                faces = shapely.get_parts(shapely.polygonize([both]))
                areas += list(faces)
                of += [k] * len(faces)
        blocked = np.zeros(len(arcs), bool)
        if not areas:
            return [False] * len(arcs)
        shapes = geometries(areas)
        owner = np.array(of)
        for tree in (self.points, self.footprints):
            blocked[owner[tree.query(shapes, predicate="intersects")[0]]] = True
        area, corner = self.corners.query(shapes, predicate="intersects")
        for k in np.unique(owner[area]):
            mine = keys(arcs[k])
            if not np.isin(self.corner_keys[corner[owner[area] == k]], mine).all():
                blocked[k] = True
        return [bool(b) for b in blocked]
