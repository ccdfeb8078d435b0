"""What every map of the demo has: fonts, colours, lines, labels, a scale bar."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import shapely
from matplotlib import font_manager, patheffects
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_rgba
from matplotlib.path import Path as Outline

Geometries = npt.NDArray[np.object_]

CJK_FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
CJK_NAMES = ("notosanscjk", "sourcehansans", "wqy", "droidsansfallback")
INK, MUTED, PAPER = "#22303c", "#5d6b78", "#ffffff"
WATER, RIVER, STREET, RAIL = "#cfe3ee", "#7fb0cf", "#9aa3ab", "#6c757d"
NEW_BORDER = "#0b6e4f"


@dataclass(frozen=True)
class Band:
    """Loads up to ``below`` (relative to target) are drawn in this colour."""

    below: float
    colour: str


# Blue for too little, orange for too much: told apart under every common colour blindness.
BANDS = (
    Band(0.6, "#2f6ea8"),
    Band(0.8, "#7eb0d5"),
    Band(0.9, "#c9dfee"),
    Band(1.1, "#f3f0e7"),
    Band(1.2, "#fbd9ac"),
    Band(1.4, "#f0a35e"),
    Band(np.inf, "#c4601a"),
)


def colour(load: float | None) -> str:
    """The colour of a load relative to its target; grey where there is none."""
    if load is None:
        return "#d9d9d9"
    # A grid exactly at the limit of a tolerance is within it.
    return next(band.colour for band in BANDS if load <= band.below + 1e-9)


def use_fonts() -> bool:
    """Set the fonts of all maps; whether Chinese can be written."""
    found = _cjk_font()
    families = ["DejaVu Sans"]
    if found is not None:
        font_manager.fontManager.addfont(str(found))
        families.insert(0, font_manager.FontProperties(fname=str(found)).get_name())
    mpl.rcParams["font.family"] = families
    mpl.rcParams["hatch.linewidth"] = 0.4
    mpl.rcParams["axes.unicode_minus"] = False
    return found is not None


def _cjk_font() -> Path | None:
    """A font of this machine with Chinese characters."""
    if CJK_FONT.is_file():
        return CJK_FONT
    known = sorted(Path(path) for path in font_manager.findSystemFonts())
    named = (path for path in known if any(name in path.name.lower() for name in CJK_NAMES))
    return next(named, None)


def latin(text: str) -> str:
    """The text without its Chinese characters, for a machine that has no font for them."""
    bare = re.sub(r"[\u3000-\u9fff\uff00-\uffef]+", "", text)
    return re.sub(r"\s+(?=[,:]|$)", "", bare)


def polygons(axes: Axes, shapes: Geometries, **style: Any) -> None:
    """Draw polygons (n,), holes and all; style values may be lists of n."""
    axes.add_collection(PathCollection([_outline(shape) for shape in shapes], **style), autolim=False)


def lines(axes: Axes, shapes: Geometries, **style: Any) -> None:
    """Draw lines, or the boundaries of polygons."""
    flat = shapely.get_parts(np.asarray(shapes, dtype=object))
    areal = shapely.get_dimensions(flat) == 2
    flat = np.concatenate([flat[~areal], shapely.get_parts(shapely.boundary(flat[areal]))])
    flat = flat[shapely.get_dimensions(flat) == 1]
    paths = [shapely.get_coordinates(one) for one in flat]
    axes.add_collection(LineCollection(paths, capstyle="round", **style), autolim=False)


def _outline(shape: Any) -> Outline:
    parts = [
        Outline(shapely.get_coordinates(ring), closed=True)
        for part in shapely.get_parts(shape)
        for ring in (part.exterior, *part.interiors)
    ]
    return Outline.make_compound_path(*parts) if parts else Outline(np.empty((0, 2)))


def labels(
    axes: Axes,
    shapes: Geometries,
    texts: Sequence[str],
    on: Sequence[str],
    size: float,
    metres_per_point: float,
) -> None:
    """Write each text in the middle of its polygon where there is room; ``on``: the polygon's colour."""
    height = size * metres_per_point
    for shape, text, ground in zip(shapes, texts, on, strict=True):
        rows = text.split("\n")
        wide, high = 0.62 * height * max(len(row) for row in rows), 1.25 * height * len(rows)
        circle = shapely.maximum_inscribed_circle(shape, tolerance=height / 4)
        if 2 * shapely.length(circle) < np.hypot(wide, high) * 0.9:
            continue
        x, y = shapely.get_coordinates(circle)[0]
        halo = [patheffects.withStroke(linewidth=2.2, foreground=to_rgba(ground, 0.9))]
        axes.text(x, y, text, ha="center", va="center", size=size, color=_ink_on(ground), linespacing=1.15,
                  path_effects=halo, zorder=8)  # fmt: skip


def _ink_on(ground: str) -> str:
    """Dark ink on light ground, white on dark."""
    red, green, blue, _ = to_rgba(ground)
    return INK if 0.3 * red + 0.59 * green + 0.11 * blue > 0.52 else PAPER


def scale_bar(axes: Axes, metres: float, *, right_corner: bool) -> None:
    """A bar of that length in the lower left or right corner."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    inset = 0.03 * (right - left)
    x = right - inset - metres if right_corner else left + inset
    y = bottom + 0.03 * (top - bottom)
    halo = [patheffects.withStroke(linewidth=3, foreground=PAPER)]
    axes.plot(
        [x, x + metres], [y, y], color=INK, linewidth=2, solid_capstyle="butt", path_effects=halo, zorder=9
    )
    for end in (x, x + metres):
        axes.plot([end, end], [y, y + 0.012 * (top - bottom)], color=INK, linewidth=1, zorder=9)
    axes.text(x + metres / 2, y + 0.014 * (top - bottom), f"{metres / 1000:g} km", ha="center", va="bottom",
              size=8, color=INK, path_effects=halo, zorder=9)  # fmt: skip


def round_length(metres: float) -> float:
    """The roundest length (1, 2 or 5 times a power of ten) that is not longer."""
    power = 10 ** np.floor(np.log10(metres))
    return float(max(step * power for step in (1, 2, 5) if step * power <= metres))
