"""Figures of a plan: how compact it is."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from geo.adjacency import polygon_edges

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Shapes:
    """What the outline of any union of units follows from.

    ``area`` (n,) and ``perimeter`` (n,) of the units, ``edges`` (m, 2) pairs that share a border (barriers or
    not) and its ``lengths`` (m,); one planar CRS.
    """

    area: Floats
    perimeter: Floats
    edges: Ints
    lengths: Floats

    def only(self, units: Ints) -> "Shapes":
        """The shapes of some units (ascending), numbered anew, with the borders between them."""
        number = np.full(len(self.area), -1, np.int64)
        number[units] = np.arange(len(units))
        kept = (number[self.edges] >= 0).all(axis=1)
        return Shapes(self.area[units], self.perimeter[units], number[self.edges[kept]], self.lengths[kept])


def shapes_of(geoms: npt.NDArray[np.object_]) -> Shapes:
    """Shapes of units (n,) that are polygons of one coverage in one planar CRS.

    Raises InputError for what is not a polygon.
    """
    edges, lengths = polygon_edges(geoms)
    return Shapes(
        np.asarray(shapely.area(geoms), np.float64),
        np.asarray(shapely.length(geoms), np.float64),
        edges,
        lengths,
    )


def polsby_popper(shapes: Shapes, labels: Ints, n_grids: int) -> Floats:
    """4 pi area / perimeter² (G,) of each grid; NaN where a grid has no unit.

    The perimeter is that of the units less twice the borders inside the grid (Polsby and Popper 1991).
    """
    area = np.bincount(labels, shapes.area, n_grids)
    inner = labels[shapes.edges[:, 0]] == labels[shapes.edges[:, 1]]
    shared = np.bincount(labels[shapes.edges[inner, 0]], shapes.lengths[inner], n_grids)
    around = np.bincount(labels, shapes.perimeter, n_grids) - 2 * shared
    out = np.full(n_grids, np.nan)
    np.divide(4 * np.pi * area, around**2, out=out, where=around > 0)
    return out


def mean_polsby_popper(shapes: Shapes, labels: Ints, n_grids: int) -> float:
    """The mean over the grids that have units."""
    values = polsby_popper(shapes, labels, n_grids)
    return float(np.nanmean(values)) if np.isfinite(values).any() else 0.0


def cut_edges(edges: Ints, labels: Ints) -> int:
    """Number of pairs (m, 2) of neighbouring units in different grids."""
    return int((labels[edges[:, 0]] != labels[edges[:, 1]]).sum())
