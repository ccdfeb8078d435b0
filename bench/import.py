"""What it costs to load accounts, beside a binary COPY of the same finished rows: bench/results/import.json.

    ./run bench import [--rows 100000] [--format csv|parquet] [--into N] [--grids 200] [--rounds 2]

A file of accounts is loaded by the job that the worker runs (upload stored before, as the API does), into an
organisation with a plan in force: rows are read and validated, placed, given their cell and their grid. What
that left in the tables is then copied out, the tables are emptied, and it is copied in again by binary COPY
in one transaction: the same rows, tables, keys, indexes and triggers, on the same server in the same run.
With ``--into N`` the tables hold N further accounts before both.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from bench._import_ground import Ground, ground_of
from bench.locate import versions


def measure(ground: Ground, asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The seconds of the load and of the COPY, each the least of some rounds, and their parts."""
    file = ground.file(folder, asked.rows, asked.format)
    loads, copies = [], []
    for number in range(asked.rounds):
        ground.empty(asked.into)
        before = ground.counts()
        ground.settle()
        loads.append(ground.load(file))
        print(f"  round {number + 1}: load {loads[-1]['seconds']:.2f} s", flush=True)
        loaded = {name: count - before[name] for name, count in ground.counts().items()}
        finished = ground.finished(folder, before)
        ground.empty(asked.into)
        ground.settle()
        copies.append(ground.copy(finished))
        print(f"  round {number + 1}: COPY {copies[-1]['seconds']:.2f} s", flush=True)
    load, copied = (min(tries, key=lambda one: one["seconds"]) for tries in (loads, copies))
    return {
        "format": asked.format,
        "grids": asked.grids,
        "accounts": asked.rows,
        "into": asked.into,
        "rows": loaded,
        "load_s": load["seconds"],
        "copy_s": copied["seconds"],
        "ratio": load["seconds"] / copied["seconds"],
        "parts": load["parts"],
        "copy_parts": copied["parts"],
        "peak_mb": load["peak_mb"],
    }


def table(told: dict[str, Any]) -> str:
    """What was measured, as text."""
    lines = [
        f"{told['accounts']:,} accounts ({told['format']}) into {told['into']:,}, {told['grids']} grids",
        f"  {'load: validated, placed, assigned':<44}{told['load_s']:>8.2f} s"
        f"   at most {told['peak_mb']:,.0f} MB in the worker",
        *(f"    {name:<42}{seconds:>8.2f} s" for name, seconds in told["parts"].items()),
        f"  {'binary COPY of the finished rows':<44}{told['copy_s']:>8.2f} s",
        *(f"    {name:<42}{seconds:>8.2f} s" for name, seconds in told["copy_parts"].items()),
        f"  {'load / COPY':<44}{told['ratio']:>8.2f} x",
    ]
    return "\n".join(lines)


def main() -> None:
    """Run what was asked and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--grids", type=int, default=200)
    parser.add_argument("--format", choices=("csv", "parquet"), default="csv")
    parser.add_argument("--into", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results" / "import.json")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gridwright-bench-") as folder, ground_of(asked.grids) as ground:
        told = measure(ground, asked, Path(folder))
    print("\n" + table(told))
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps({"bench": "import", "versions": versions(), **told}, indent=1))


if __name__ == "__main__":
    main()
