"""The atoms of a redraw: street blocks, adaptive H3 cells or supplied polygons, and grids drawn from them."""

from geo.units.build import build_units, locate
from geo.units.model import Demand, Lines, Options, Redraw, Segments, Units
from geo.units.redraw import redraw

__all__ = ["Demand", "Lines", "Options", "Redraw", "Segments", "Units", "build_units", "locate", "redraw"]
