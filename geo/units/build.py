"""From grids, lines, footprints and work to units: the atoms of a redraw."""

from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.adjacency import BRIDGE_REACH
from geo.footprints import FootprintGrids, code_ranks, grid_of_footprints, negligible_area
from geo.geodesy import Projection, local_projection
from geo.locator import Locator
from geo.units.cells import adaptive_cells, cell_lines
from geo.units.joins import Joiner, group_edges, join_empty, join_footprints, join_small
from geo.units.model import Demand, Floats, Geometries, Ints, Lines, Options, Segments, Units, geometries
from geo.units.noding import (
    as_lines,
    faces_of,
    inside_faces,
    on_lines,
    pieces_of,
    require_working,
    straight_lines,
)

Mode = Literal["blocks", "h3", "polygons"]


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
) -> Units:
    """The atoms of a redraw of the grids.

    ``grids`` (g,) valid polygons in EPSG:4326 rounded to 1e-9 degree, ``codes`` (g,) texts. ``mode``:
    ``blocks`` between the lines (a block with too much work, and land without lines, is divided into cells),
    adaptive ``h3`` cells, or the supplied ``polygons``. ``footprints`` (f,) polygons or None. ``target`` (g,
    k): what a grid should have of each column of ``demand.weights``; by default an equal share.

    Current borders and unit lines are noded once and made into faces; each face has its current grid by a
    point inside it. No unit ends inside a footprint: the lines are led around those that they cut. Crumbs and
    empty land join a neighbour. Where grids overlap, the lowest code has the ground; what no grid covers is
    in no unit.

    InputError for grids that are no valid polygons in working coordinates (``not-polygons``,
    ``invalid-polygon``, ``not-rounded``) and for ``polygons`` missing in mode ``polygons``.
    """
    options, demand, lines = options or Options(), demand or Demand.none(), lines or Lines()
    grids = np.asarray(grids, dtype=object)
    feet = geometries() if footprints is None else np.asarray(footprints, dtype=object)
    require_working(grids, "grids")
    ranks = code_ranks(codes)
    plane = local_projection(shapely.total_bounds(grids))
    near = shapely.STRtree(grids)
    by_kind = {
        "street": as_lines(lines.streets, near),
        "other": as_lines(lines.other, near),
        "barrier": as_lines(lines.barriers, near),
    }
    borders = as_lines(grids)
    if mode == "polygons":
        if polygons is None:
            raise ValueError("mode polygons needs polygons")
        require_working(np.asarray(polygons, dtype=object), "units")
        unit_lines = np.concatenate([as_lines(polygons, near), by_kind["barrier"]])
    else:
        unit_lines = np.concatenate(list(by_kind.values()))
        if mode == "h3":
            unit_lines = by_kind["barrier"]
    foot_grids = grid_of_footprints(grids, codes, feet)
    load = _load(demand, foot_grids, grids, ranks, target)
    if mode != "polygons":
        heavy = (
            grids
            if mode == "h3"
            else _heavy(faces_of(np.concatenate([borders, unit_lines])), demand, load, options)
        )
        extra = _lines_of_cells(heavy, demand, load, options, plane)
        unit_lines = np.concatenate([unit_lines, extra])
    faces = faces_of(np.concatenate([borders, unit_lines]))
    outlines = _cut_outlines(faces, inside_faces(faces, grids, ranks), feet)
    if len(outlines):
        faces = faces_of(np.concatenate([borders, unit_lines, as_lines(outlines)]))
    grid = inside_faces(faces, grids, ranks)
    faces, grid = faces[grid >= 0], grid[grid >= 0]
    return _assemble(
        faces,
        grid,
        ranks,
        outlines,
        by_kind,
        lines.bridges,
        feet,
        foot_grids,
        grids,
        demand,
        plane,
        options,
        mode,
    )


def locate(polygons: Geometries, rank: NDArray[np.int64], lng: Floats, lat: Floats) -> Ints:
    """The polygon each point is in, on a shared edge the one of lowest rank; -1 outside or not finite."""
    if len(lng) == 0 or len(polygons) == 0:
        return np.full(len(lng), -1, np.int32)
    # the locator knows codes, not ranks: numbers of one length sort alike as text
    return Locator.build(polygons, [f"{r:010d}" for r in rank.tolist()]).locate(lng, lat).index


def _load(
    demand: Demand,
    foot_grids: FootprintGrids,
    grids: Geometries,
    ranks: NDArray[np.int64],
    target: Floats | None,
) -> Floats:
    """The weights of the demand as shares of the target of the grid that it is in now."""
    grid = locate(grids, ranks, demand.lng, demand.lat)
    if demand.footprint is not None:
        housed = demand.footprint >= 0
        grid[housed] = foot_grids.index[demand.footprint[housed]]
    if target is None:
        target = np.tile(demand.weights.sum(axis=0) / max(len(grids), 1), (len(grids), 1))
    per_point = target[grid]
    return np.where(
        (grid >= 0)[:, None] & (per_point > 0), demand.weights / np.where(per_point > 0, per_point, 1), 0.0
    )


def _heavy(blocks: Geometries, demand: Demand, load: Floats, options: Options) -> Geometries:
    """The blocks with so much work that they are divided into cells."""
    at = locate(blocks, np.arange(len(blocks)), demand.lng, demand.lat)
    heaviest = np.zeros(len(blocks))
    for column in load.T:
        heaviest = np.maximum(heaviest, np.bincount(at[at >= 0], column[at >= 0], minlength=len(blocks)))
    return blocks[heaviest > options.block_share]


def _lines_of_cells(
    extent: Geometries, demand: Demand, load: Floats, options: Options, plane: Projection
) -> Geometries:
    if len(extent) == 0:
        return geometries()
    leaves = adaptive_cells(extent, demand.lng, demand.lat, load, options.cell_share, options.resolutions)
    lines = cell_lines(leaves, plane)
    line, face = shapely.STRtree(extent).query(lines, predicate="intersects")[:2]
    inside = shapely.get_parts(shapely.intersection(lines[line], extent[face]))
    return as_lines(inside[shapely.get_dimensions(inside) == 1])


def _cut_outlines(faces: Geometries, grid: Ints, footprints: Geometries) -> Geometries:
    """Outlines (polygons) of the footprints that faces of one grid cut, with those that overlap them."""
    rows = np.flatnonzero(np.isin(shapely.get_type_id(footprints), (3, 6)) & ~shapely.is_empty(footprints))
    if len(rows) == 0:
        return geometries()
    feet = footprints[rows]
    shapely.prepare(faces)
    foot, face = shapely.STRtree(faces).query(feet, predicate="intersects")
    partly = ~shapely.covers(faces[face], feet[foot])
    foot, face = foot[partly], face[partly]
    part = shapely.area(shapely.intersection(feet[foot], faces[face]))
    real = (part > negligible_area(feet[foot])) & (grid[face] >= 0)
    key = foot[real] * (int(grid.max(initial=0)) + 1) + grid[face[real]]
    found, count = np.unique(key, return_counts=True)
    cut = np.unique(found[count > 1] // (int(grid.max(initial=0)) + 1))
    if len(cut) == 0:
        return geometries()
    # leading a line around one must not lead it into another that overlaps it
    a, b = shapely.STRtree(feet).query(feet, predicate="intersects")
    a, b = a[a < b], b[a < b]
    slack = np.minimum(negligible_area(feet[a]), negligible_area(feet[b]))
    overlap = shapely.area(shapely.intersection(feet[a], feet[b])) > 0.1 * slack
    links = coo_array((np.ones(int(overlap.sum())), (a[overlap], b[overlap])), shape=(len(feet), len(feet)))
    cluster = connected_components(links, directed=False)[1]
    members = np.flatnonzero(np.isin(cluster, cluster[cut]))
    order = members[np.argsort(cluster[members], kind="stable")]
    starts = np.flatnonzero(np.r_[True, cluster[order][1:] != cluster[order][:-1]])
    groups = np.split(feet[order], starts[1:])
    merged = [group[0] if len(group) == 1 else shapely.union_all(group) for group in groups]
    return geometries(merged)


def _assemble(
    faces: Geometries,
    grid: Ints,
    ranks: NDArray[np.int64],
    outlines: Geometries,
    by_kind: dict[str, Geometries],
    bridges: Geometries,
    footprints: Geometries,
    foot_grids: FootprintGrids,
    grids: Geometries,
    demand: Demand,
    plane: Projection,
    options: Options,
    mode: Mode,
) -> Units:
    n = len(faces)
    face_rank = np.lexsort((np.arange(n), ranks[grid]))
    rank = np.empty(n, np.int64)
    rank[face_rank] = np.arange(n)
    at = locate(faces, rank, demand.lng, demand.lat)
    foot_at = _footprint_faces(faces, rank, footprints, foot_grids, grids)
    if demand.footprint is not None:
        housed = demand.footprint >= 0
        at[housed] = foot_at[demand.footprint[housed]]
    here = at >= 0
    load = np.bincount(at[here], demand.weights.sum(axis=1)[here], minlength=n)

    pieces = pieces_of(faces)
    ends = [np.column_stack(plane.to_plane(*side.T)) for side in (pieces.start, pieces.end)]
    length = np.hypot(*(ends[1] - ends[0]).T)
    street, barrier = on_lines(pieces, by_kind["street"]), on_lines(pieces, by_kind["barrier"])
    line = street | barrier | on_lines(pieces, by_kind["other"])
    metric = plane.forward(faces)
    within = (pieces.right >= 0) & (grid[pieces.left] == grid[pieces.right])
    joiner = Joiner(
        shapely.area(metric),
        shapely.length(metric),
        load.astype(np.float64),
        np.column_stack([pieces.left, pieces.right])[within],
        length[within],
        np.asarray(barrier[within]),
    )
    piece_of = np.full(n, -1, np.int32)
    if len(outlines):
        piece_of = inside_faces(faces, outlines, np.arange(len(outlines)))
    join_footprints(joiner, piece_of)
    join_small(joiner, options)
    if options.join_empty and mode != "polygons":
        land = np.bincount(grid, joiner.area, minlength=len(grids))
        join_empty(joiner, options, (options.empty_share * land[grid]).tolist())
    unit = joiner.labels()

    left = unit[pieces.left]
    right = np.where(pieces.right >= 0, unit[pieces.right], -1).astype(np.int32)
    segments = Segments(pieces.start, pieces.end, left, right, length, street, line, barrier).only(
        left != right
    )
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
