"""A town before and after a redraw, as a picture: `./run exec python -m bench._rebalance_picture [FILE]`.

Each grid is coloured by how far it is from its target as a multiple of the tolerance; units that change grid
are hatched; rivers are the blue lines, which only bridges cross.
"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import shapely

mpl.use("Agg")
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from bench._rebalance_cases import Case, town
from bench._rebalance_ground import Ints
from geo.rebalance import rebalance

UNITS, GRIDS, SEED = 1_500, 30, 3
COLOURS, NORM = "RdBu_r", TwoSlopeNorm(0, -2, 2)


def draw(axes: Axes, case: Case, plan: Ints, title: str) -> None:
    """One plan."""
    p, land = case.problem, case.land
    assert land is not None
    assert p.current is not None
    load = np.bincount(plan, p.weights[:, 0], p.n_grids)
    over = (load / np.asarray(p.target)[:, 0] - 1) / np.asarray(p.tolerance)[0]
    rings = [shapely.get_coordinates(c)[:-1] for c in land.cells]
    faces = mpl.colormaps[COLOURS](NORM(np.clip(over, -2, 2)))[plan]
    axes.add_collection(PolyCollection(rings, facecolors=faces, edgecolors="#00000018", linewidths=0.2))
    moved = np.flatnonzero(plan != p.current)
    axes.add_collection(
        PolyCollection([rings[u] for u in moved], facecolors="none", edgecolors="#333333", hatch="////", lw=0)
    )
    a, b = land.shapes.edges.T
    crossed = {tuple(e) for e in land.edges.tolist()}
    river = np.array([tuple(e) not in crossed for e in land.shapes.edges.tolist()])
    for chosen, colour, width in (((plan[a] != plan[b]) & ~river, "#222222", 1.1), (river, "#2b7bba", 2.2)):
        shared = shapely.intersection(land.cells[a[chosen]], land.cells[b[chosen]])
        lines = [shapely.get_coordinates(line) for line in shared]
        axes.add_collection(LineCollection(lines, colors=colour, linewidths=width, capstyle="round"))
    axes.set(xlim=(0, land.side), ylim=(0, land.side), aspect="equal", xticks=[], yticks=[])
    axes.set_title(title, fontsize=10)


def main() -> None:
    """Draw today's plan, the redraw with the fewest moves, and the compact one."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs/images/redraw.png"
    case = town(UNITS, GRIDS, SEED)
    assert case.problem.current is not None
    figure = Figure(figsize=(13.5, 5.1), layout="constrained")
    axes = figure.subplots(1, 3)
    draw(axes[0], case, case.problem.current, "today")
    for at, prefer, name in ((axes[1], "moves", "fewest moves"), (axes[2], "compact", "compact")):
        found = rebalance(case.problem, SEED, None, prefer=prefer)
        assert found.bound is not None
        title = f"{name}: {found.moved_share:.1%} of the work moves (at least {found.bound:.1%} must)"
        draw(at, case, found.labels, title)
    bar = figure.colorbar(ScalarMappable(NORM, COLOURS), ax=axes, shrink=0.8, pad=0.01)
    bar.set_label("minutes against the target, in tolerances", fontsize=9)
    figure.savefig(out, dpi=90, pil_kwargs={"optimize": True})


if __name__ == "__main__":
    main()
