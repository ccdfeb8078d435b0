"""How good and how quick redraws are: a table, and JSON in bench/results/rebalance.json.

    python bench/rebalance.py [--seeds 3] [--sizes S,M] [--cases FOLDER]... [--json FILE]

Cases are generated: a town of units with a dense core, grids once even, growth on one side. A FOLDER
of units.* and edges.csv with meta.json (whose ``argv`` is a command line) is run as well.
"""

import argparse
import json
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial import Delaunay

from geo.rebalance import Problem, Result, rebalance

SIZES = {"XS": (400, 10), "S": (2_000, 40), "M": (20_000, 200), "L": (100_000, 500)}


def town(size: str, seed: int) -> Problem:
    """Units on a plane, connected by a Delaunay graph; grids even before the work grew on one side."""
    n, grids = SIZES[size]
    rng = np.random.default_rng([seed, 5])
    xy = rng.random((n, 2))
    tri = Delaunay(xy).simplices
    edges = np.unique(np.sort(np.vstack([tri[:, [0, 1]], tri[:, [1, 2]], tri[:, [0, 2]]]), axis=1), axis=0)
    length = np.hypot(*(xy[edges[:, 0]] - xy[edges[:, 1]]).T)
    edges = edges[length < 4 / np.sqrt(n)]
    minutes = rng.lognormal(0, 0.6, n) * (1 + 3 * np.exp(-((xy - 0.5) ** 2).sum(axis=1) / 0.05))
    even = Problem(minutes, edges, None, grids, 0.05)
    current = rebalance(even, seed=seed, time_limit=None, effort=0.2).labels
    heat = 0.5 * np.exp(-((xy - rng.random(2)) ** 2).sum(axis=1) / 0.02)
    minutes = minutes * (1 + heat)
    customers = np.maximum(1, np.round(20 * minutes * rng.lognormal(0, 0.1, n)))
    return Problem(np.column_stack([minutes, customers]), edges, current, grids, np.array([0.05, 0.10]))


def measure(name: str, problem: Problem, seed: int) -> dict[str, Any]:
    """One run and its figures."""
    start = time.perf_counter()
    result: Result = rebalance(problem, seed=seed)
    seconds = time.perf_counter() - start
    share, bound, guess = result.moved_share, result.bound, result.estimate
    return {
        "case": name,
        "seed": seed,
        "units": len(problem.weights),
        "grids": problem.n_grids,
        "feasible": result.feasible,
        "violation": result.violation,
        "moved": share,
        "times_bound": share / bound if bound else None,
        "times_estimate": share / guess if guess else None,
        "largest_step": result.largest_step,
        "exchanges": sum(s.kind == "exchange" for s in result.moves),
        "seconds": seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def from_folder(folder: Path) -> Problem:
    """The problem of a folder with a command line in meta.json."""
    import typer

    from app.cli import rebalance as command
    from app.filemode import rebalance as mode
    from app.filemode.rebalance_input import read_case

    found: list[Problem] = []

    def keep(options: Any, how: Any, progress: Any = None, cancel: Any = None) -> tuple[int, dict[str, Any]]:
        found.append(read_case(options).problem)
        raise typer.Exit(0)

    argv = json.loads((folder / "meta.json").read_text())["argv"][1:]
    argv = [str(folder / a) if (folder / a).is_file() else a for a in argv]
    root = typer.Typer()
    command.register(root)
    run, mode.run = mode.run, keep
    try:
        root([*argv, "--out", "out.csv", "--report", "report.json"], standalone_mode=False)
    finally:
        mode.run = run
    return found[0]


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as text."""
    head = ("case", "units", "grids", "ok", "moved", "x bound", "x flow", "step", "s", "MB")
    lines = [f"{head[0]:<14}" + "".join(f"{h:>9}" for h in head[1:])]
    for r in rows:
        cells = [r["units"], r["grids"], "yes" if r["feasible"] else "no", f"{r['moved']:.4f}"]
        cells += ["-" if r[k] is None else f"{r[k]:.2f}" for k in ("times_bound", "times_estimate")]
        cells += [f"{r['largest_step']:.3f}", f"{r['seconds']:.1f}", f"{r['peak_mb']:.0f}"]
        lines += [f"{r['case']:<14}" + "".join(f"{c!s:>9}" for c in cells)]
    return "\n".join(lines)


def main() -> None:
    """Run what was asked and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--sizes", default="XS,S,M")
    parser.add_argument("--cases", type=Path, action="append", default=[])
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results" / "rebalance.json")
    asked = parser.parse_args()
    from geo.warm import warm

    warm()
    rows = []
    for folder in asked.cases:
        rows.append(measure(folder.name, from_folder(folder), 0))
        print(table(rows[-1:]).splitlines()[-1], flush=True)
    for size in [s for s in asked.sizes.split(",") if s]:
        for seed in range(1, asked.seeds + 1):
            rows.append(measure(f"town {size}", town(size, seed), seed))
            print(table(rows[-1:]).splitlines()[-1], flush=True)
    print("\n" + table(rows))
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps({"bench": "rebalance", "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
