"""Lines that divide the land beside those that were given: cells, and ways around buildings."""

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.footprints import negligible_area
from geo.geodesy import Projection
from geo.units.cells import adaptive_cells, cell_lines
from geo.units.model import Demand, Floats, Geometries, Ints, Options, geometries
from geo.units.noding import as_lines, single_pieces


def heaviest(at: Ints, load: Floats, n: int) -> Floats:
    """Of each of n places the load (m, k) of the points ``at`` it (-1: nowhere), in the column where it is
    greatest.
    """
    result = np.zeros(n)
    here = at >= 0
    for column in load.T:
        result = np.maximum(result, np.bincount(at[here], column[here], minlength=n))
    return result


def lines_of_cells(
    extent: Geometries, demand: Demand, load: Floats, options: Options, plane: Projection, *, clip: bool
) -> Geometries:
    """The lines between adaptive cells over polygons; with ``clip`` no line leaves the polygons."""
    if len(extent) == 0:
        return geometries()
    leaves = adaptive_cells(extent, demand.lng, demand.lat, load, options.cell_share, options.resolutions)
    lines = cell_lines(leaves, plane)
    line, face = shapely.STRtree(extent).query(lines, predicate="intersects")[:2]
    if not clip:
        return as_lines(lines[np.unique(line)])
    shapely.prepare(extent)
    whole = shapely.covers(extent[face], lines[line])
    parts = shapely.get_parts(shapely.intersection(lines[line[~whole]], extent[face[~whole]]))
    return as_lines(
        np.concatenate([lines[np.unique(line[whole])], parts[shapely.get_dimensions(parts) == 1]])
    )


def cut_outlines(lines: Geometries, footprints: Geometries) -> Geometries:
    """Outlines (polygons) of the footprints that lines run into, each with those that overlap it."""
    rows = np.flatnonzero(np.isin(shapely.get_type_id(footprints), (3, 6)) & ~shapely.is_empty(footprints))
    if len(rows) == 0 or len(lines) == 0:
        return geometries()
    feet = footprints[rows]
    pieces = single_pieces(lines)
    foot, piece = shapely.STRtree(pieces).query(feet, predicate="intersects")
    inside = shapely.relate_pattern(feet[foot], pieces[piece], "T********")
    cut = np.unique(foot[inside])
    if len(cut) == 0:
        return geometries()
    cluster = _overlapping(feet)
    members = np.flatnonzero(np.isin(cluster, cluster[cut]))
    order = members[np.argsort(cluster[members], kind="stable")]
    starts = np.flatnonzero(np.r_[True, cluster[order][1:] != cluster[order][:-1]])
    size = np.diff(np.r_[starts, len(order)])
    alone = feet[order[starts[size == 1]]]
    groups = np.split(feet[order], starts[1:])
    merged = [shapely.union_all(group) for group in groups if len(group) > 1]
    return np.concatenate([alone, geometries(merged)])


def _overlapping(feet: Geometries) -> NDArray[np.int32]:
    """The number of the cluster of footprints that overlap: a line led around one must not be led into
    another.
    """
    a, b = shapely.STRtree(feet).query(feet, predicate="intersects")
    a, b = a[a < b], b[a < b]
    slack = np.minimum(negligible_area(feet[a]), negligible_area(feet[b]))
    overlap = shapely.area(shapely.intersection(feet[a], feet[b])) > 0.1 * slack
    links = coo_array((np.ones(int(overlap.sum())), (a[overlap], b[overlap])), shape=(len(feet), len(feet)))
    return np.asarray(connected_components(links, directed=False)[1], np.int32)
