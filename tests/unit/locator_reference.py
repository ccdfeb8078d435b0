"""A locator to read: every point against every grid, in rational numbers."""

import itertools
from fractions import Fraction

import shapely


def side(x, y, geom):
    """'outside', 'edge' or 'inside' by even–odd counting of all rings, without rounding."""
    x, y = Fraction(x), Fraction(y)
    inside = False
    for part in shapely.get_parts(geom):
        for ring in shapely.get_rings(part):
            coords = [(Fraction(a), Fraction(b)) for a, b in shapely.get_coordinates(ring)]
            for (ax, ay), (bx, by) in itertools.pairwise(coords):
                turn = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
                between = min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by)
                if turn == 0 and between:
                    return "edge"
                if (ay > y) != (by > y) and (turn > 0) == (by > ay):
                    inside = not inside
    return "inside" if inside else "outside"


def locate(x, y, geoms, codes):
    """(row or -1, tie, ambiguous)."""
    sides = {i: side(x, y, g) for i, g in enumerate(geoms) if g is not None and not g.is_empty}
    covering = sorted((codes[i], i) for i, s in sides.items() if s != "outside")
    edges = sum(s == "edge" for s in sides.values())
    inside = sum(s == "inside" for s in sides.values())
    return (covering[0][1] if covering else -1), edges > 1, inside > 0 and inside + edges > 1
