"""Before and after side by side, on one scale of load, with every grid's load as a dot beneath."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from PIL import Image

from app.demo import cartography as carto
from app.demo.ground import Base, Geometries

WIDTH_IN, DPI = 15.0, 110
_MARGIN, _GAP = 0.018, 0.02
ATTRIBUTION = "© OpenStreetMap contributors"


@dataclass(frozen=True)
class State:
    """Grids at one time, in metres of the map's plane: shapes (n,) and load relative to target by code."""

    title: str
    shapes: Geometries
    loads: Mapping[str, float]


@dataclass(frozen=True)
class Map:
    """What is drawn. ``codes`` and ``classes`` belong to the shapes of both states, which are in their order.

    ``window``: west, south, east, north in metres.
    """

    title: str
    subtitle: str
    before: State
    after: State
    codes: Sequence[str]
    classes: Sequence[str]
    base: Base
    window: tuple[float, float, float, float]
    label_size: float = 6.5


def draw(one: Map, path: Path) -> None:
    """Write the map as a PNG of at most 256 colours."""
    if not carto.use_fonts():
        one = replace(one, title=carto.latin(one.title))
    west, south, east, north = one.window
    panel = (1 - 2 * _MARGIN - _GAP) / 2
    map_in = panel * WIDTH_IN * (north - south) / (east - west)
    head_in, strip_in, foot_in = 0.95, 1.15, 0.95
    height_in = head_in + map_in + strip_in + foot_in
    figure = Figure(figsize=(WIDTH_IN, height_in), dpi=DPI, facecolor=carto.PAPER)
    metres_per_point = (east - west) / (panel * WIDTH_IN * 72)
    for number, state in enumerate((one.before, one.after)):
        left = _MARGIN + number * (panel + _GAP)
        axes = figure.add_axes((left, (strip_in + foot_in) / height_in, panel, map_in / height_in))
        _panel(axes, one, state, metres_per_point, new=number == 1)
        below = (left + 0.035, foot_in / height_in, panel - 0.04, (strip_in - 0.3) / height_in)
        _strip(figure.add_axes(below), one, state)
    _head(figure, one, height_in)
    _foot(figure, height_in)
    _save(figure, path)


def _panel(axes: Axes, one: Map, state: State, metres_per_point: float, *, new: bool) -> None:
    west, south, east, north = one.window
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor("#eceff1")
    for spine in axes.spines.values():
        spine.set(color=carto.MUTED, linewidth=0.6)
    base, shapes = one.base, state.shapes
    colours = [carto.colour(state.loads.get(code)) for code in one.codes]
    carto.polygons(axes, shapes, facecolors=colours, edgecolors="none", zorder=1)
    rural = np.array(one.classes) == "B"
    carto.polygons(
        axes, shapes[rural], facecolors="none", edgecolors="#8d99a3", hatch="////", linewidths=0, zorder=2
    )
    if len(base.places):
        xy = shapely.get_coordinates(base.places)
        axes.scatter(xy[:, 0], xy[:, 1], s=1.4, color=carto.INK, alpha=0.35, linewidths=0, zorder=3)
    carto.polygons(axes, base.water, facecolors=carto.WATER, edgecolors=carto.RIVER, linewidths=0.4, zorder=3)
    carto.lines(axes, base.side_streets, colors=carto.STREET, linewidths=0.25, alpha=0.6, zorder=3)
    carto.lines(axes, base.main_streets, colors=carto.STREET, linewidths=0.8, alpha=0.9, zorder=3)
    carto.lines(axes, base.railways, colors=carto.RAIL, linewidths=0.7, linestyles=(0, (5, 2)), zorder=3)
    carto.lines(axes, base.rivers, colors=carto.RIVER, linewidths=0.9, zorder=3)
    carto.lines(axes, shapes, colors=carto.INK, linewidths=0.55, zorder=5)
    urban = shapely.union_all(shapes[~rural])
    carto.lines(axes, np.array([urban]), colors=carto.INK, linewidths=1.9, zorder=6)
    if new:
        old = shapely.union_all(shapely.boundary(one.before.shapes))
        drawn = shapely.difference(shapely.union_all(shapely.boundary(shapes)), shapely.buffer(old, 0.5))
        carto.lines(axes, np.array([drawn]), colors=carto.NEW_BORDER, linewidths=1.5, zorder=6)
    inside = shapely.box(*one.window)
    seen = np.flatnonzero(shapely.contains_properly(inside, shapely.point_on_surface(shapes)))
    texts = [_label(one.codes[g], state.loads) for g in seen.tolist()]
    clipped = [_largest(shapely.intersection(shapes[g], inside)) for g in seen.tolist()]
    on = [colours[g] for g in seen.tolist()]
    carto.labels(axes, np.array(clipped, dtype=object), texts, on, one.label_size, metres_per_point)
    carto.scale_bar(axes, carto.round_length((east - west) / 4), right_corner=_emptier_right(one))
    axes.set_title(state.title, loc="left", fontsize=12, color=carto.INK, pad=5)


def _label(code: str, loads: Mapping[str, float]) -> str:
    return f"{code}\n{loads[code]:.2f}" if code in loads else code


def _emptier_right(one: Map) -> bool:
    """Whether the lower right corner of the window has less of the grids than the lower left."""
    west, south, east, north = one.window
    wide, high = (east - west) / 4, (north - south) / 8
    corners = [
        shapely.box(west, south, west + wide, south + high),
        shapely.box(east - wide, south, east, south + high),
    ]
    left, right = (shapely.area(shapely.intersection(one.before.shapes, corner)).sum() for corner in corners)
    return bool(right < left)


def _largest(shape: Any) -> Any:
    parts = shapely.get_parts(shape)
    return parts[np.argmax(shapely.area(parts))]


def _strip(axes: Axes, one: Map, state: State) -> None:
    """A dot for each grid over the colours of the scale: the legend, and how far the loads lie apart."""
    least, most = 0.2, 1.9
    rng = np.random.default_rng(0)
    edges = [least, *(band.below for band in carto.BANDS[:-1]), most]
    for band, low, high in zip(carto.BANDS, edges[:-1], edges[1:], strict=True):
        axes.axvspan(low, high, color=band.colour, linewidth=0)
    kinds = sorted(set(one.classes), reverse=True)
    for row, kind in enumerate(kinds):
        loads = [state.loads[code] for code, its in zip(one.codes, one.classes, strict=True)
                 if its == kind and code in state.loads]  # fmt: skip
        y = row + rng.uniform(-0.22, 0.22, len(loads))
        axes.scatter(
            np.clip(loads, least, most), y, s=20, color=carto.INK, edgecolors=carto.PAPER, linewidths=0.5
        )
    axes.axvline(1, color=carto.INK, linewidth=0.8)
    axes.set_xlim(least, most)
    axes.set_ylim(-0.5, len(kinds) - 0.5)
    axes.set_yticks(range(len(kinds)), [{"A": "A urban", "B": "B rural"}.get(kind, "none") for kind in kinds])
    axes.set_xticks([*edges[1:-1], 1.0], [f"{edge:g}" for edge in edges[1:-1]] + ["1"])
    axes.tick_params(length=0, labelsize=8.5, colors=carto.MUTED)
    axes.set_frame_on(False)


def _head(figure: Figure, one: Map, height_in: float) -> None:
    figure.text(
        _MARGIN, 1 - 0.14 / height_in, one.title, va="top", fontsize=17, color=carto.INK, weight="bold"
    )
    figure.text(_MARGIN, 1 - 0.52 / height_in, one.subtitle, va="top", fontsize=10.5, color=carto.MUTED)


def _foot(figure: Figure, height_in: float) -> None:
    y = 0.60 / height_in
    scale = "Load of each grid relative to its fair share (1): blue has less, orange more; each dot a grid"
    figure.text(0.5, y, scale, ha="center", va="top", fontsize=9, color=carto.MUTED)
    handles = [
        Patch(facecolor="#f3f0e7", edgecolor=carto.INK, linewidth=1.9, label="class A, urban"),
        Patch(facecolor="#f3f0e7", edgecolor="#8d99a3", linewidth=0.6, hatch="////", label="class B, rural"),
        Line2D([], [], color=carto.INK, linewidth=0.7, label="grid border"),
        Line2D([], [], color=carto.NEW_BORDER, linewidth=1.8, label="new border"),
    ]
    figure.legend(handles=handles, loc="lower left", bbox_to_anchor=(_MARGIN - 0.005, 0.0), ncols=4,
                  frameon=False, fontsize=9, labelcolor=carto.INK)  # fmt: skip
    figure.text(1 - _MARGIN, 0.14 / height_in, f"{ATTRIBUTION} · customers, grids and loads are synthetic",
                ha="right", va="bottom", fontsize=9, color=carto.MUTED)  # fmt: skip


def _save(figure: Figure, path: Path) -> None:
    """Few colours make a small file; it appears whole or not at all."""
    drawn = BytesIO()
    figure.savefig(drawn, format="png")
    image = Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    half = path.with_suffix(".new.png")
    image.save(half, optimize=True)
    half.replace(path)
