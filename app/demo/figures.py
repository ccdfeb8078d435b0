"""Figures of a redraw's report, as the story tells them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

Document = dict[str, Any]


def loads(report: Mapping[str, Any], measure: str) -> dict[str, tuple[float, float]]:
    """Grid → its load relative to its target, before and after."""
    before = {row["grid"]: 1 + row["deviation"][measure] for row in report["before"]["grids"]}
    return {
        row["grid"]: (before[row["grid"]], 1 + row["deviation"][measure])
        for row in report["grids"]
        if row["deviation"][measure] is not None
    }


def by_class(report: Mapping[str, Any], measure: str) -> list[Document]:
    """For each class: its grids, and the span of their loads before and after."""
    of = loads(report, measure)
    classes: dict[str, list[tuple[float, float]]] = {}
    for row in report["grids"]:
        if row["grid"] in of:
            classes.setdefault(row["class"] or "", []).append(of[row["grid"]])
    tolerance = report["tolerance"][measure]
    return [
        {
            "class": name or "none",
            "grids": len(pairs),
            **{
                when: {
                    "least": min(pair[at] for pair in pairs),
                    "most": max(pair[at] for pair in pairs),
                    "beyond": sum(abs(pair[at] - 1) > tolerance + 1e-9 for pair in pairs),
                }
                for at, when in enumerate(("before", "after"))
            },
        }
        for name, pairs in sorted(classes.items())
    ]


def redraw(report: Mapping[str, Any], measures: Sequence[str]) -> Document:
    """What the story keeps of a report."""
    first = measures[0]
    return {
        "measures": list(measures),
        "tolerance": report["tolerance"],
        "feasible": report["feasible"],
        "violation": {"before": report["before"]["violation"], "after": report["violation"]},
        "by_class": {measure: by_class(report, measure) for measure in measures},
        "moved": {
            "share": report["moved"]["share"][first],
            "customers": report["moved"]["customers"],
            "buildings": report["moved"]["buildings"],
            "grids": report["moved"]["area_grids"],
            "steps": len(report["moves"]),
        },
        "bound": report["bound"]["share"],
        "bound_source": report["bound"]["source"],
        "estimate": report["estimate"]["share"],
        "gap": report["gap"],
        "polsby_popper": report["polsby_popper"],
        "border": report["border"],
        "footprints": report["footprints"],
        "units": report["units"],
        "seconds": report["seconds"]["total"],
        "certificates": [one["message"] for one in report["certificates"]],
    }


_NAMED = re.compile(r"'[^']*'|\"[^\"]*\"|-?\d[\d.,]*|nan", re.IGNORECASE)


def examples(rows: Sequence[Mapping[str, Any]], most: int = 8) -> list[Document]:
    """Refused rows, one for each kind of reason with how many are like it; the commonest first."""
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        kinds.setdefault(_NAMED.sub("…", row["reason"]), []).append(row)
    ordered = sorted(kinds.values(), key=len, reverse=True)
    return [{**alike[0], "alike": len(alike)} for alike in ordered[:most]]
