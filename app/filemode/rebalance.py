"""`gridwright rebalance`: units in, plan and report out."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from app.filemode import rebalance_frontier
from app.filemode.rebalance_checks import check_search
from app.filemode.rebalance_frontier import companion
from app.filemode.rebalance_input import Case, read_case
from app.filemode.rebalance_options import Options
from geo.errors import InputError
from geo.files import write_table
from geo.files.beside import beside
from geo.files.writing import check_writable
from geo.rebalance import Result, frontier, measures, rebalance, report
from geo.rebalance.control import Cancel, Progress

CLEAN, NOT_ALL = 0, 3
"""Exit status: every constraint holds; some could not be satisfied."""


@dataclass(frozen=True)
class Run:
    """How to search and where to write."""

    out: Path
    report: Path
    max_moved: float | None = None
    prefer: str = "moves"
    plans: int | None = None
    time_limit: float = 60.0
    seed: int = 0
    threads: int | None = None


def run(
    options: Options, how: Run, progress: Progress | None = None, cancel: Cancel | None = None
) -> tuple[int, dict[str, Any]]:
    """Read, redraw, write OUT and REPORT; returns the exit status and what REPORT holds.

    Both files are written whenever there is a plan, whether it satisfies every constraint or not; of several
    plans a table and a picture too, beside REPORT (REPORT.frontier.csv, REPORT.frontier.svg). Raises
    InputError for input that cannot be used; then nothing is written.
    """
    check_search(how.max_moved, how.plans, how.time_limit, how.seed, how.threads, MOST_PLANS)
    if how.prefer not in ("moves", "compact"):
        raise InputError(f"--prefer {how.prefer}: expected moves or compact", kind="bad-option")
    check_writable(how.out)
    if not how.report.parent.is_dir():
        raise InputError("its folder does not exist", kind="no-file", file=str(how.report))
    _keep_inputs(options, how)
    case = read_case(options)
    if how.plans is None:
        result = rebalance(
            case.problem, how.seed, how.time_limit, how.max_moved, how.prefer, how.threads, progress, cancel
        )
        content = report(result, case.names, case.shapes)
        table = _rows(case, result)
        clean = result.feasible
    else:
        results = _several(case, how, progress, cancel)
        content = _frontier_report(case, results)
        numbered = [_rows(case, r).add_column(0, "plan", pa.array(np.full(len(case.names.units), i + 1)))
                    for i, r in enumerate(results)]  # fmt: skip
        table = pa.concat_tables(numbered)
        clean = all(r.feasible for r in results)
    written = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1)
    write_table(how.out, table, crs=None)
    _write(how.report, lambda path: path.write_text(written, encoding="utf-8"))
    if "plans" in content:
        rows = rebalance_frontier.table(content)
        _write(companion(how.report, "csv"), lambda path: path.write_text(rows, encoding="utf-8"))
        _write(companion(how.report, "svg"), lambda path: rebalance_frontier.picture(content, path))
    return CLEAN if clean else NOT_ALL, content


def summary(content: dict[str, Any]) -> str:
    """The outcome in a line or a few, for people."""
    if "plans" in content:
        lines = [f"plan {i + 1}: {summary(p)}" for i, p in enumerate(content["plans"])]
        return "\n".join(lines)
    state = "within tolerance" if content["feasible"] else "not within tolerance"
    parts = [f"{state} (violation {content['violation']:.3g}, {content['stopped_by']})"]
    if content["bound"] is not None:
        share = next(iter(content["moved"]["share"].values()))
        parts.append(f"moved {share:.2%} of the work, at least {content['bound']['share']:.2%} had to")
        parts.append(f"{content['moved']['units']} units in {len(content['moves'])} steps")
    parts.append(f"{content['seconds']['total']:.1f} s")
    return "\n".join(["; ".join(parts), *_remarks(content)])


def _remarks(content: dict[str, Any]) -> list[str]:
    """Lines on what was found in the input, and on why not every constraint is satisfied."""
    lines = []
    mending, apart = content["mending"], content["components"]
    if mending["grids"]:
        share = next(iter(mending["share"].values()))
        lines.append(
            f"in pieces before: {', '.join(mending['grids'])}; mending moved {mending['units']} units "
            f"({share:.2%} of the work)"
        )
    if apart:
        some = [
            f"{c['units']} units of {', '.join(c['grids'][:3]) or 'no grid'} ({c['first']}…)" for c in apart
        ]
        more = "; …" if len(apart) > 3 else ""
        lines.append(f"no border joins these parts: {'; '.join(some[:3])}{more}")
    return lines + [f"{c['kind']}: {c['message']}" for c in content["certificates"]]


def _keep_inputs(options: Options, how: Run) -> None:
    """Nothing that is read is written over, and OUT and REPORT are two files."""
    if how.report.parent.is_dir() and not os.access(how.report.parent, os.W_OK):
        raise InputError("its folder may not be written to", kind="no-file", file=str(how.report))
    if how.report.is_dir():
        raise InputError("this is a folder; expected a file to write", kind="no-file", file=str(how.report))
    if how.out.resolve() == how.report.resolve():
        raise InputError("--out and --report are one file: name two", kind="bad-usage", file=str(how.out))
    read = (options.units, options.edges, options.barriers, options.bridges, options.targets)
    given = [path for path in read if path is not None and path.exists()]
    more = [] if how.plans is None else [companion(how.report, "csv"), companion(how.report, "svg")]
    if how.out.resolve() in [path.resolve() for path in more]:
        message = "the table or picture of the frontier goes there: write OUT to another file"
        raise InputError(message, kind="bad-usage", file=str(how.out))
    for path in (how.out, how.report, *more):
        if path.exists() and any(path.samefile(one) for one in given):
            raise InputError("this is an input file: write to another", kind="bad-usage", file=str(path))


MOST_PLANS = 100
"""More would not end in anybody's time."""


def _several(case: Case, how: Run, progress: Progress | None, cancel: Cancel | None) -> list[Result]:
    assert how.plans is not None
    return frontier(
        case.problem,
        how.plans,
        shapes=case.shapes,
        seed=how.seed,
        time_limit=how.time_limit,
        max_moved=how.max_moved,
        threads=how.threads,
        progress=progress,
        cancel=cancel,
    )


def _frontier_report(case: Case, results: list[Result]) -> dict[str, Any]:
    rows = []
    for i, r in enumerate(results):
        share, violation, round_ = measures(r, case.shapes)
        rows.append({"plan": i + 1, "share": share, "violation": violation, "polsby_popper": round_})
    return {"plans": [report(r, case.names, case.shapes) for r in results], "frontier": rows}


def _rows(case: Case, result: Result) -> Any:
    """OUT of one plan: id, grid_before, grid, moved; what was before is null from scratch."""
    n = len(case.names.units)
    current = result.problem.current
    moved: Any = pa.nulls(n, pa.bool_()) if current is None else pa.array(result.labels != current)
    return pa.table(
        {
            "id": pa.array(case.names.units, pa.string()),
            "grid_before": pa.array(case.before if case.before is not None else [None] * n, pa.string()),
            "grid": pa.array([case.names.grids[g] for g in result.labels], pa.string()),
            "moved": moved,
        }
    )


def _write(path: Path, fill: Callable[[Path], object]) -> None:
    """Write beside and rename, so that a broken file is never left."""
    try:
        with beside(path) as folder:
            fill(folder / path.name)
            (folder / path.name).replace(path)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror or error})", kind="unwritable-file", file=str(path)
        ) from error
