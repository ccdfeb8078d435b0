"""How quickly grids, lines, buildings and accounts become units with weights: a table, and JSON.

    ./run bench units [--accounts 1000000] [--buildings 50000] [--grids 300] [--modes blocks,h3] [--json FILE]

The city is generated from a seed. Each mode runs in a process of its own; seconds and CPU seconds are of one
run with the compiled loops loaded, megabytes are what the run held beside the city. Then a tenth of the units
on borders change sides, and the new polygons are drawn and checked.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from bench import _memory
from bench._units import City, city
from geo.units import Units, build_units, locate, redraw
from geo.units.build import Mode


def measure(accounts: int, buildings: int, grids: int, mode: Mode) -> dict[str, Any]:
    """All figures of one mode."""
    made(city(2_000, 100, 4), mode)
    ground = city(accounts, buildings, grids)
    (units, parts), peak, _ = _memory.beyond(lambda: made(ground, mode))
    told: dict[str, Any] = {
        "mode": mode,
        "accounts": accounts,
        "buildings": buildings,
        "grids": len(ground.grids),
        "units": len(units.grid),
        "edges": len(units.edges),
        "parts": parts,
        "seconds": sum(part["seconds"] for part in parts),
        "cpu_seconds": sum(part["cpu_seconds"] for part in parts),
        "peak_mb": peak,
    }
    return told | _redrawn(ground, units)


def made(ground: City, mode: Mode) -> tuple[Units, list[dict[str, Any]]]:
    """The units with their weights, and what each part of the work took."""
    begun: list[tuple[str, float, float]] = []

    def tell(phase: str) -> None:
        begun.append((phase, time.perf_counter(), time.process_time()))

    units = build_units(
        ground.grids,
        ground.codes,
        mode=mode,
        lines=ground.lines,
        footprints=ground.footprints,
        demand=ground.demand,
        tell=tell,
    )
    tell("weights")
    here = units.demand_unit >= 0
    for column in ground.demand.weights.T:
        np.bincount(units.demand_unit[here], column[here], minlength=len(units.grid))
    tell("")
    parts = [
        {"part": name, "seconds": until - since, "cpu_seconds": cpu_until - cpu}
        for (name, since, cpu), (_, until, cpu_until) in pairwise(begun)
    ]
    return units, parts


def _redrawn(ground: City, units: Units) -> dict[str, Any]:
    """New polygons after some units changed sides, and whether all is as it must be."""
    rng = np.random.default_rng(7)
    labels = units.grid.copy()
    across = units.edges[labels[units.edges[:, 0]] != labels[units.edges[:, 1]]]
    for a, b in across[rng.random(len(across)) < 0.1].tolist():
        labels[a] = labels[b]
    since = time.perf_counter(), time.process_time()
    new = redraw(ground.grids, units, labels)
    seconds, cpu = time.perf_counter() - since[0], time.process_time() - since[1]
    alone = ground.demand.footprint < 0 if ground.demand.footprint is not None else np.ones(1, bool)
    alone &= units.demand_unit >= 0
    there = np.flatnonzero(~shapely.is_missing(new.polygons))
    at = locate(
        new.polygons[there], np.arange(len(there)), ground.demand.lng[alone], ground.demand.lat[alone]
    )
    return {
        "moved_units": int((labels != units.grid).sum()),
        "redraw_seconds": seconds,
        "redraw_cpu_seconds": cpu,
        "new_border_km": new.new_border_m / 1000,
        "street_share": new.street_share,
        "line_share": new.line_share,
        "valid": bool(shapely.coverage_is_valid(new.polygons[there])),
        "newly_cut": len(new.newly_cut),
        "misplaced": int((there[at] != labels[units.demand_unit[alone]]).sum()),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """The parts of every mode, and what came out."""
    lines = []
    for row in rows:
        size = ", ".join(f"{row[name]:,} {name}" for name in ("accounts", "buildings", "grids"))
        lines.append(f"{row['mode']}: {size} → {row['units']:,} units, {row['edges']:,} edges")
        lines.append(f"  {'part':<30}{'s':>8}{'CPU s':>8}")
        lines += [f"  {p['part']:<30}{p['seconds']:>8.2f}{p['cpu_seconds']:>8.2f}" for p in row["parts"]]
        lines.append(f"  {'all':<30}{row['seconds']:>8.2f}{row['cpu_seconds']:>8.2f}")
        lines.append(f"  {'redraw':<30}{row['redraw_seconds']:>8.2f}{row['redraw_cpu_seconds']:>8.2f}")
        lines.append(
            f"  peak {row['peak_mb']:,.0f} MB; {row['moved_units']:,} units moved, "
            f"{row['new_border_km']:,.0f} km of new border, {row['street_share']:.1%} on streets; "
            f"{'sound' if row['valid'] else 'NOT A COVERAGE'}, {row['newly_cut']} footprints newly cut, "
            f"{row['misplaced']} customers misplaced"
        )
    return "\n".join(lines)


def main() -> None:
    """Run what was asked and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--buildings", type=int, default=50_000)
    parser.add_argument("--grids", type=int, default=300)
    parser.add_argument("--modes", default="blocks,h3")
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results" / "units.json")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(measure(asked.accounts, asked.buildings, asked.grids, asked.one)))
        return
    rows = []
    for mode in asked.modes.split(","):
        size = [f"--{name}={getattr(asked, name)}" for name in ("accounts", "buildings", "grids")]
        done = subprocess.run(
            [sys.executable, "-m", "bench.units", "--one", mode, *size],
            cwd=Path(__file__).parent.parent, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(table(rows[-1:]), flush=True)
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    about = {
        "bench": "units",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "packages": {name: version(name) for name in ("numpy", "shapely", "numba", "h3")},
        "geos": ".".join(map(str, shapely.geos_version)),
    }
    asked.json.write_text(json.dumps({**about, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
