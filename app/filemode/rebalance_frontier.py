"""What is written of several plans beside the report: a table to choose from, and a picture of it."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

COLUMNS = (
    "plan",
    "share",
    "violation",
    "polsby_popper",
    "cut_edges",
    "moved_units",
    "steps",
    "largest_step",
)


def companion(report: Path, ending: str) -> Path:
    """REPORT.json -> REPORT.frontier.<ending>."""
    return report.with_name(f"{report.stem}.frontier.{ending}")


def table(content: dict[str, Any]) -> str:
    """The frontier as CSV: a row a plan, from fewest moves to best balance and shape."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row, plan in zip(content["frontier"], content["plans"], strict=True):
        writer.writerow(
            [
                row["plan"],
                *(_cell(row[name]) for name in ("share", "violation", "polsby_popper")),
                plan["cut_edges"]["after"],
                plan["moved"]["units"],
                len(plan["moves"]),
                _cell(plan["largest_step"]),
            ]
        )
    return out.getvalue()


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def picture(content: dict[str, Any], path: Path) -> None:
    """The frontier as a plot (SVG or PNG, by ending): what each plan moves against its balance and shape.

    The same content gives the same bytes.
    """
    import matplotlib
    from matplotlib.figure import Figure

    rows = content["frontier"]
    shares = [100 * row["share"] for row in rows]
    panels: list[tuple[str, Sequence[float]]] = [
        ("violation (worst deviation / tolerance)", [row["violation"] for row in rows])
    ]
    if all(row["polsby_popper"] is not None for row in rows):
        panels.append(("compactness (mean Polsby–Popper)", [row["polsby_popper"] for row in rows]))
    else:
        panels.append(("borders cut", [float(plan["cut_edges"]["after"]) for plan in content["plans"]]))
    with matplotlib.rc_context({"svg.hashsalt": "frontier", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(9, 4), layout="constrained")
        for axes, (title, values) in zip(figure.subplots(1, 2), panels, strict=True):
            axes.plot(shares, values, "-", color="#9aa5b1", linewidth=1, zorder=1)
            axes.plot(shares, values, "o", color="#1f5fa8", markersize=6, zorder=2)
            for row, x, y in zip(rows, shares, values, strict=True):
                axes.annotate(str(row["plan"]), (x, y), xytext=(5, 5), textcoords="offset points")
            axes.set_xlabel("work moved (%)")
            axes.set_ylabel(title)
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(color="#e6e9ed", linewidth=0.6)
            axes.margins(0.1)
        figure.suptitle("Plans to choose from: less moved to the left; none is beaten in all three")
        ending = path.suffix[1:]
        figure.savefig(path, format=ending, dpi=150, metadata={"Date": None} if ending == "svg" else {})
