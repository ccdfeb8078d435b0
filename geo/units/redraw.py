"""From units with new labels to new grid polygons."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import InputError
from geo.footprints import grid_of_footprints
from geo.geodesy import length_m
from geo.units.build import dissolve
from geo.units.model import Bools, Floats, Geometries, Ints, Redraw, Segments, Units, geometries
from geo.units.noding import chained, keys, straight_lines
from geo.units.straighten import Arc, straighten


def redraw(grids: Geometries, units: Units, labels: NDArray[Any]) -> Redraw:
    """The polygons of the grids after units went to other grids.

    ``grids`` (g,) the current polygons that the units were made of, ``labels`` (n,) the new grid of each
    unit: rows 0..g-1, or further ones for grids that are new. Returns polygons for all of 0..max(g, labels +
    1), None for a grid that has no unit any more.

    Only grids that gave or received are drawn anew, by a coverage union of their units. Vertices that noding
    put on old borders are dropped again on both sides, but where a new border ends; there the third grid gets
    the vertex too (``touched``). So old vertices survive in order, and the only new ones on an old border are
    the ends of new borders. New borders along no line are straightened as far as no customer and no footprint
    changes sides. The result is on multiples of 1e-9 degree and an edge-matched coverage wherever the grids
    were one.
    """
    grids = np.asarray(grids, dtype=object)
    labels = np.asarray(labels).astype(np.int32)
    if len(labels) != len(units.grid) or (len(labels) and labels.min() < 0):
        raise InputError(
            f"{len(labels)} labels for {len(units.grid)} units; the row of a grid for each was expected",
            kind="bad-shape",
        )
    count = max(len(grids), int(labels.max(initial=-1)) + 1)
    result: Geometries = np.full(count, None, dtype=object)
    result[: len(grids)] = grids
    moved = labels != units.grid
    changed = np.zeros(count, bool)
    changed[units.grid[moved]] = changed[labels[moved]] = True

    before, after = _borders(units.segments, units.grid), _borders(units.segments, labels)
    new = after & ~before
    old_vertices = keys(shapely.get_coordinates(grids))
    new_ends = np.unique(keys(np.concatenate([units.segments.start[new], units.segments.end[new]])))
    touched = _touched(units.segments, labels, after & before, np.setdiff1d(new_ends, old_vertices), changed)
    drawn = np.flatnonzero(changed | touched)
    group = np.full(count, -1, np.int32)
    group[drawn] = np.arange(len(drawn))
    rough = dissolve(units.polygons, group[labels], len(drawn))

    keep = np.union1d(old_vertices, new_ends)
    free = new & ~units.segments.line if units.straighten else np.zeros(len(new), bool)
    arcs = straighten(units, free, after & ~free) if free.any() else []
    result, straightened = _settle(result, grids, drawn, rough, keep, arcs)
    border = _new_border(units.segments, new & ~free, free, arcs, straightened)
    metres = float(length_m(border).sum())
    on = units.segments.only(new)
    street, line = (float(on.length_m[flag].sum()) for flag in (on.street, on.line))
    return Redraw(
        polygons=result,
        changed=changed,
        touched=touched,
        new_border=border,
        new_border_m=metres,
        street_share=min(street / metres, 1.0) if metres else None,
        line_share=min(line / metres, 1.0) if metres else None,
        newly_cut=_newly_cut(result, drawn, units),
        straightened=len(straightened),
    )


def _borders(segments: Segments, labels: Ints) -> Bools:
    """Which pieces lie between two grids, or a grid and nothing."""
    beyond = np.where(segments.right >= 0, labels[segments.right], -1)
    return np.asarray(labels[segments.left] != beyond)


def _touched(
    segments: Segments, labels: Ints, still: Bools, meeting: NDArray[np.complex128], changed: Bools
) -> Bools:
    """The unchanged grids with an end of a new border on a piece of their border that is ``still`` one."""
    touched = np.zeros(len(changed), bool)
    ends = np.isin(keys(segments.start), meeting) | np.isin(keys(segments.end), meeting)
    rows = still & ends
    beside = np.concatenate([segments.left[rows], segments.right[rows]])
    touched[labels[beside[beside >= 0]]] = True
    return touched & ~changed


def _settle(
    result: Geometries,
    grids: Geometries,
    drawn: NDArray[np.intp],
    rough: Geometries,
    keep: NDArray[np.complex128],
    arcs: list[Arc],
) -> tuple[Geometries, list[int]]:
    """The drawn polygons without superfluous vertices; where straightening would break the coverage, without
    it.
    """
    around = _around(grids, drawn)
    was_sound = bool(shapely.coverage_is_valid(grids[around])) if len(around) else True
    use = [k for k, (every, new) in enumerate(arcs) if 2 * len(new) < len(every) + 1]
    while True:
        kept = keep
        if use:
            kept = np.setdiff1d(keep, np.concatenate([keys(arcs[k][0]) for k in use]))
            kept = np.union1d(kept, np.concatenate([keys(arcs[k][1]) for k in use]))
        candidate = result.copy()
        candidate[drawn] = keep_vertices(rough, kept, [arcs[k][0] for k in use])
        there = np.unique(keys(shapely.get_coordinates(candidate[drawn])))
        # a ring that would have fewer than three vertices keeps all: nothing of it is straightened
        stuck = {k for k in use if np.isin(np.setdiff1d(keys(arcs[k][0]), kept), there).any()}
        if stuck:
            use = [k for k in use if k not in stuck]
            continue
        faulty = _faults(candidate, drawn, around, was_sound)
        if faulty is None:
            return candidate, use
        if not use:
            # no vertex of the noding may go, then: the coverage comes first
            candidate[drawn] = rough
            return candidate, use
        tree = shapely.STRtree(geometries(shapely.linestrings(arcs[k][0]) for k in use))
        near = tree.query(faulty, predicate="dwithin", distance=1e-7)
        bad = set(near.tolist()) or set(range(len(use)))
        use = [k for i, k in enumerate(use) if i not in bad]


def _around(grids: Geometries, drawn: NDArray[np.intp]) -> NDArray[np.intp]:
    """The current grids that are drawn anew, and their neighbours."""
    old = drawn[drawn < len(grids)]
    if len(old) == 0:
        return old
    return np.unique(shapely.STRtree(grids).query(grids[old], predicate="intersects")[1])


def _faults(polygons: Geometries, drawn: NDArray[np.intp], around: NDArray[np.intp], was_sound: bool) -> Any:
    """None when polygons are valid and edge-matched (or were not before), else where they are not."""
    rows = np.union1d(drawn, around)
    some = polygons[rows]
    some = some[~shapely.is_missing(some)]
    invalid = ~shapely.is_valid(some)
    if invalid.any():
        return shapely.union_all(shapely.boundary(some[invalid]))
    if was_sound and not shapely.coverage_is_valid(some):
        return shapely.union_all(shapely.coverage_invalid_edges(some))
    return None


def keep_vertices(
    polygons: Geometries, keep: NDArray[np.complex128], dense: list[Floats] | None = None
) -> Geometries:
    """The polygons with only those of their vertices that are in ``keep`` (keys, sorted); a ring that would
    have fewer than three keeps all of them.

    Along the stretches ``dense``, of which every other vertex is the middle of a piece of border, the middles
    are vertices first.
    """
    parts, of_geometry = shapely.get_parts(polygons, return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    xy, of_ring = shapely.get_coordinates(rings, return_index=True)
    if dense:
        xy, of_ring = _with_middles(xy, of_ring, dense)
    last = np.diff(of_ring, append=-1) != 0
    xy, of_ring = xy[~last], of_ring[~last]
    stays = np.isin(keys(xy), keep)
    stays |= (np.bincount(of_ring, stays, minlength=len(rings)) < 3)[of_ring]
    slim = shapely.linearrings(xy[stays], indices=of_ring[stays])
    whole = shapely.polygons(slim, indices=of_part)
    result: Geometries = np.full(len(polygons), None, dtype=object)
    single = np.bincount(of_geometry, minlength=len(polygons))[of_geometry] == 1
    result[of_geometry[single]] = whole[single]
    if (~single).any():
        rows, at = np.unique(of_geometry[~single], return_inverse=True)
        result[rows] = shapely.multipolygons(whole[~single], indices=at.reshape(-1))
    return result


def _with_middles(
    xy: Floats, of_ring: NDArray[np.int64], dense: list[Floats]
) -> tuple[Floats, NDArray[np.int64]]:
    """The vertices (n, 2) of closed rings with the middles of the pieces of the stretches among them."""
    start = np.concatenate([line[:-1:2] for line in dense])
    end = np.concatenate([line[2::2] for line in dense])
    middle = np.concatenate([line[1::2] for line in dense])
    ends = np.unique(keys(np.concatenate([start, end])))
    at = keys(xy)
    number = np.searchsorted(ends, at).clip(0, len(ends) - 1)
    known = ends[number] == at
    rows = np.flatnonzero((of_ring[1:] == of_ring[:-1]) & known[1:] & known[:-1])

    def pair(a: NDArray[np.intp], b: NDArray[np.intp]) -> NDArray[np.intp]:
        return np.minimum(a, b) * len(ends) + np.maximum(a, b)

    piece = pair(np.searchsorted(ends, keys(start)), np.searchsorted(ends, keys(end)))
    order = np.argsort(piece, kind="stable")
    wanted = pair(number[rows], number[rows + 1])
    spot = np.searchsorted(piece[order], wanted).clip(0, len(piece) - 1)
    found = piece[order[spot]] == wanted
    rows, which = rows[found], order[spot[found]]
    return np.insert(xy, rows + 1, middle[which], axis=0), np.insert(of_ring, rows + 1, of_ring[rows])


def _new_border(
    segments: Segments, fixed: Bools, free: Bools, arcs: list[Arc], straightened: list[int]
) -> Geometries:
    """The new borders as lines; a straightened stretch as it is now."""
    used = set(straightened)
    lines = [shapely.linestrings(new if k in used else every[::2]) for k, (every, new) in enumerate(arcs)]
    rows = fixed if arcs else fixed | free
    return np.concatenate(
        [geometries(lines), chained(straight_lines(segments.start[rows], segments.end[rows]))]
    )


def _newly_cut(polygons: Geometries, drawn: NDArray[np.intp], units: Units) -> Ints:
    some = drawn[~shapely.is_missing(polygons[drawn])]
    feet = units.footprints
    if len(some) == 0 or len(feet) == 0:
        return np.empty(0, np.int32)
    near = np.unique(shapely.STRtree(feet).query(polygons[some], predicate="intersects")[1])
    near = near[np.isin(shapely.get_type_id(feet[near]), (3, 6))]
    cut = near[grid_of_footprints(polygons[some], [str(i) for i in some], feet[near]).straddles]
    return np.setdiff1d(cut, units.straddlers).astype(np.int32)
