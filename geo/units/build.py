"""From grids, lines, footprints and work to units: the atoms of a redraw."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.adjacency import BRIDGE_REACH
from geo.footprints import FootprintGrids, code_ranks, grid_of_footprints
from geo.geodesy import Projection, local_projection
from geo.locator import Locator
from geo.units.dividing import cut_outlines, heaviest, lines_of_cells
from geo.units.joins import (
    Joiner,
    Merged,
    group_edges,
    join_empty,
    join_footprints,
    join_small,
    light_blocks,
    merged,
    total,
)
from geo.units.model import (
    Bools,
    Demand,
    Floats,
    Geometries,
    Ints,
    Lines,
    Options,
    Segments,
    Units,
    geometries,
)
from geo.units.noding import (
    Pieces,
    as_lines,
    faces_of,
    inside_faces,
    on_lines,
    pieces_of,
    require_working,
    straight_lines,
)
from geo.units.supplied import require_partition

Mode = Literal["blocks", "h3", "polygons"]
Tell = Callable[[str], None]


def build_units(
    grids: Geometries,
    codes: Any,
    *,
    mode: Mode = "blocks",
    lines: Lines | None = None,
    footprints: Geometries | None = None,
    demand: Demand | None = None,
    polygons: Geometries | None = None,
    target: Floats | None = None,
    options: Options | None = None,
    tell: Tell = lambda _phase: None,
) -> Units:
    """The atoms of a redraw of the grids.

    ``grids`` (g,) valid polygons in EPSG:4326 rounded to 1e-9 degree, ``codes`` (g,) texts. ``mode``:
    ``blocks`` between the lines (a block between streets is divided by paths where it has much work, and by
    cells where lines leave it with too much), adaptive ``h3`` cells, or the supplied ``polygons``.
    ``footprints`` (f,) polygons or None. ``target`` (g, k): what a grid should have of each column of
    ``demand.weights``; by default an equal share. ``tell`` hears the name of each phase as it begins.

    Current borders and unit lines are noded once and made into faces; each face has its current grid by a
    point inside it. No unit ends inside a footprint: the lines are led around those that they cut. Crumbs and
    empty land join a neighbour. Where grids overlap, the lowest code has the ground; what no grid covers is
    in no unit.

    InputError for grids that are no valid polygons in working coordinates (``not-polygons``,
    ``invalid-polygon``, ``not-rounded``), for ``polygons`` missing in mode ``polygons`` and for those that
    overlap (``units-overlap``) or leave ground of the grids to none (``units-gap``).
    """
    options, demand, lines = options or Options(), demand or Demand.none(), lines or Lines()
    grids = np.asarray(grids, dtype=object)
    feet = geometries() if footprints is None else np.asarray(footprints, dtype=object)
    require_working(grids, "grids")
    ranks = code_ranks(codes)
    tell("work in the grids of today")
    foot_grids = grid_of_footprints(grids, codes, feet)
    load = _load(demand, foot_grids, grids, ranks, target)
    plane = local_projection(shapely.total_bounds(grids))
    near = shapely.STRtree(grids)
    kinds = _Kinds(
        *(as_lines(some, near) for some in (lines.streets, lines.paths, lines.other, lines.barriers))
    )
    borders = as_lines(grids)
    supplied = geometries()
    if mode == "polygons":
        supplied = np.asarray([] if polygons is None else polygons, dtype=object).reshape(-1)
        require_working(supplied, "units")
        dividing = np.concatenate([as_lines(supplied, near), kinds.barrier])
    elif mode == "h3":
        tell("cells")
        cells = lines_of_cells(grids, demand, load, options, plane, clip=False)
        dividing = np.concatenate([kinds.barrier, cells])
    else:
        tell("blocks")
        dividing = kinds.all()
        blocks = faces_of(np.concatenate([borders, dividing]))
        tell("cells")
        at = locate(blocks, np.arange(len(blocks)), demand.lng, demand.lat)
        heavy = blocks[heaviest(at, load, len(blocks)) > options.block_share]
        cells = lines_of_cells(heavy, demand, load, options, plane, clip=True)
        dividing = np.concatenate([dividing, cells])
    tell("ways around buildings")
    outlines = cut_outlines(dividing, feet)
    tell("noding")
    faces = faces_of(np.concatenate([borders, dividing, as_lines(outlines)]))
    grid = inside_faces(faces, grids, ranks)
    faces, grid = faces[grid >= 0], grid[grid >= 0]
    if mode == "polygons":
        require_partition(faces, supplied, plane, options)
    tell("who stands where")
    rank = np.empty(len(faces), np.int64)
    rank[np.lexsort((np.arange(len(faces)), ranks[grid]))] = np.arange(len(faces))
    foot_at = _footprint_faces(faces, rank, feet, foot_grids, grids)
    at = _standing(faces, rank, demand, foot_at)
    tell("joining")
    pieces = _known_pieces(faces, kinds, plane)
    unit = _joined(faces, grid, outlines, pieces, at, demand, load, plane, options, mode)
    tell("measuring")
    return _units(
        unit, faces, grid, pieces, lines.bridges, plane, at, foot_at, foot_grids, feet, demand, mode
    )


@dataclass(frozen=True)
class _Kinds:
    """The lines that were given, near the grids, in working coordinates."""

    street: Geometries
    path: Geometries
    other: Geometries
    barrier: Geometries

    def all(self) -> Geometries:
        return np.concatenate([self.street, self.path, self.other, self.barrier])


def locate(polygons: Geometries, rank: NDArray[np.int64], lng: Floats, lat: Floats) -> Ints:
    """The polygon each point is in, on a shared edge the one of lowest rank; -1 outside or not finite."""
    if len(lng) == 0 or len(polygons) == 0:
        return np.full(len(lng), -1, np.int32)
    # the locator knows codes, not ranks: numbers of one length sort alike as text
    return Locator.build(polygons, [f"{r:010d}" for r in rank.tolist()]).locate(lng, lat).index


def _standing(polygons: Geometries, rank: NDArray[np.int64], demand: Demand, of_footprint: Ints) -> Ints:
    """The polygon of each point of the demand: that of its footprint, else the one it is in."""
    if demand.footprint is None:
        return locate(polygons, rank, demand.lng, demand.lat)
    housed = demand.footprint >= 0
    at = np.empty(len(housed), np.int32)
    at[housed] = of_footprint[demand.footprint[housed]]
    at[~housed] = locate(polygons, rank, demand.lng[~housed], demand.lat[~housed])
    return at


def _load(
    demand: Demand,
    foot_grids: FootprintGrids,
    grids: Geometries,
    ranks: NDArray[np.int64],
    target: Floats | None,
) -> Floats:
    """The weights of the demand as shares of the target of the grid that it is in now."""
    grid = _standing(grids, ranks, demand, foot_grids.index)
    if target is None:
        target = np.tile(demand.weights.sum(axis=0) / max(len(grids), 1), (len(grids), 1))
    per_point = target[grid]
    return np.where(
        (grid >= 0)[:, None] & (per_point > 0), demand.weights / np.where(per_point > 0, per_point, 1), 0.0
    )


@dataclass(frozen=True)
class _Known:
    """The pieces of the faces' borders (s,) with their metres and what they run on."""

    start: Floats
    end: Floats
    left: Ints
    right: Ints
    length: Floats
    street: Bools
    path: Bools
    other: Bools
    barrier: Bools


def _known_pieces(faces: Geometries, kinds: _Kinds, plane: Projection) -> _Known:
    pieces: Pieces = pieces_of(faces)
    ends = [np.column_stack(plane.to_plane(*side.T)) for side in (pieces.start, pieces.end)]
    on = [on_lines(pieces, some) for some in (kinds.street, kinds.path, kinds.other, kinds.barrier)]
    return _Known(pieces.start, pieces.end, pieces.left, pieces.right, np.hypot(*(ends[1] - ends[0]).T), *on)


def _joined(
    faces: Geometries,
    grid: Ints,
    outlines: Geometries,
    pieces: _Known,
    at: Ints,
    demand: Demand,
    load: Floats,
    plane: Projection,
    options: Options,
    mode: Mode,
) -> Ints:
    """The unit of each face: pieces of buildings, blocks that paths need not divide, crumbs and empty land
    joined.
    """
    n = len(faces)
    metric = plane.forward(faces)
    area, perimeter = shapely.area(metric), shapely.length(metric)
    piece_of = np.full(n, -1, np.int32)
    if len(outlines):
        piece_of = inside_faces(faces, outlines, np.arange(len(outlines)))
    within = (pieces.right >= 0) & (grid[pieces.left] == grid[pieces.right])
    pairs, length = np.column_stack([pieces.left, pieces.right])[within], pieces.length[within]
    barrier = pieces.barrier[within]
    land = total(grid, area, int(grid.max(initial=-1)) + 1)
    here = at >= 0
    group = np.arange(n, dtype=np.int32)
    if mode == "blocks":
        main = pieces.street[within] | pieces.other[within] | barrier
        inside = ~main & (piece_of[pairs] < 0).all(axis=1)
        parts = np.column_stack([total(at[here], column[here], n) for column in load.T])
        group = light_blocks(pairs[inside], parts, area / land[grid], piece_of >= 0, options.paths_share)
    one: Merged = merged(group, area, perimeter, pairs, length)
    weight = total(group[at[here]], demand.weights[here].sum(axis=1), len(one.area))
    first = one.first
    joiner = Joiner(one.area, one.perimeter, weight, one.pairs, length[one.rows], barrier[one.rows])
    join_footprints(joiner, piece_of[first])
    join_small(joiner, options)
    if options.join_empty and mode != "polygons":
        join_empty(joiner, options, (options.empty_share * land[grid[first]]).tolist())
    label: Ints = joiner.labels()[group]
    return label


def _units(
    unit: Ints,
    faces: Geometries,
    grid: Ints,
    pieces: _Known,
    bridges: Geometries,
    plane: Projection,
    at: Ints,
    foot_at: Ints,
    foot_grids: FootprintGrids,
    footprints: Geometries,
    demand: Demand,
    mode: Mode,
) -> Units:
    """The units that faces make up, with all that is told of them."""
    street = pieces.street | pieces.path
    line = street | pieces.barrier | pieces.other
    here = at >= 0
    left = unit[pieces.left]
    right = np.where(pieces.right >= 0, unit[pieces.right], -1).astype(np.int32)
    segments = Segments(
        pieces.start, pieces.end, left, right, pieces.length, street, line, pieces.barrier
    ).only(left != right)
    units = int(unit.max(initial=-1)) + 1
    polygons = dissolve(faces, unit, units)
    edges, (edge_m, street_m) = _edges(segments, units, bridges, plane)
    metric = plane.forward(polygons)
    unit_grid = np.empty(units, np.int32)
    unit_grid[unit] = grid
    middle = shapely.centroid(metric)
    return Units(
        polygons=polygons,
        grid=unit_grid,
        xy=np.column_stack([shapely.get_x(middle), shapely.get_y(middle)]),
        area_m2=shapely.area(metric),
        perimeter_m=shapely.length(metric),
        edges=edges,
        edge_length_m=edge_m,
        edge_street_m=street_m,
        segments=segments,
        demand_unit=np.where(here, unit[at], -1).astype(np.int32),
        footprint_unit=np.where(foot_at >= 0, unit[foot_at], -1).astype(np.int32),
        straddlers=np.flatnonzero(foot_grids.straddles).astype(np.int32),
        footprints=footprints,
        demand=demand,
        straighten=mode != "polygons",
    )


def dissolve(polygons: Geometries, group: Ints, n: int) -> Geometries:
    """The union of the polygons of each of n groups; ``polygons`` must be an edge-matched coverage. -1 is no
    group.
    """
    rows = np.flatnonzero(group >= 0)
    rows = rows[np.argsort(group[rows], kind="stable")]
    size = np.bincount(group[rows], minlength=n)
    start = np.cumsum(size) - size
    result: Geometries = np.full(n, None, dtype=object)
    for k in np.unique(size[size > 0]):
        same = np.flatnonzero(size == k)
        members = polygons[rows[start[same][:, None] + np.arange(k)]]
        result[same] = members[:, 0] if k == 1 else shapely.coverage_union_all(members, axis=1)
    return result


def _footprint_faces(
    faces: Geometries,
    rank: NDArray[np.int64],
    footprints: Geometries,
    foot_grids: FootprintGrids,
    grids: Geometries,
) -> Ints:
    """A face inside each footprint, on the side of its grid."""
    result = np.full(len(footprints), -1, np.int32)
    rows = np.flatnonzero(foot_grids.index >= 0)
    if len(rows) == 0:
        return result
    shapes = footprints[rows].copy()
    partly = foot_grids.share[rows] < 1
    shapes[partly] = shapely.intersection(shapes[partly], grids[foot_grids.index[rows[partly]]])
    inside = shapely.point_on_surface(shapes)
    result[rows] = locate(faces, rank, shapely.get_x(inside), shapely.get_y(inside))
    return result


def _edges(
    segments: Segments, n: int, bridges: Geometries, plane: Projection
) -> tuple[NDArray[np.int64], tuple[Floats, Floats]]:
    """Neighbours, without those that a barrier keeps apart."""
    between = segments.only(segments.right >= 0)
    metres = between.length_m
    edges, (length, street, shut) = group_edges(
        between.left, between.right, n, metres, metres * between.street, metres * between.barrier
    )
    closed = shut > 0.5 * length
    spots: Geometries = np.asarray(bridges, dtype=object)
    if len(spots) and closed.any():
        spots = plane.forward(spots[~shapely.is_missing(spots) & ~shapely.is_empty(spots)])
        on = between.only(between.barrier)
        ends = [np.column_stack(plane.to_plane(*side.T)) for side in (on.start, on.end)]
        pieces = straight_lines(*ends)
        near = np.unique(shapely.STRtree(spots).query(pieces, predicate="dwithin", distance=BRIDGE_REACH)[0])
        low, high = np.minimum(on.left, on.right)[near], np.maximum(on.left, on.right)[near]
        closed &= ~np.isin(edges[:, 0] * n + edges[:, 1], low.astype(np.int64) * n + high)
    return edges[~closed], (length[~closed], street[~closed])
