"""Drill: ten thousand small redraws of every kind, each judged without the engine's own code.

    ./run check rebalance [--count 10000] [--first 0] [--most 26] [--effort 0.1]
                          [--processes N] [--keep FOLDER]
    ./run check rebalance --replay FILE

Partition, contiguity, classes, locks, the cap, the steps carried out one by one, what is said about the plan,
and every third with two threads, which must give the same bytes. Where a problem has eleven units at most,
every plan there is has been looked at: no bound above the optimum, no proof of impossibility where there is
a plan, no plan called feasible that is not. Also counted, without being a fault: how often the plan is the
optimum. Problems are numbered; ``--first`` goes on from where a drill was ended. A problem with a fault is
written as JSON to FOLDER (default var/drill-rebalance) and can be replayed. Exit 1 when there was a fault.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "unit" / "rebalance"))

from rules import Verdict, judge  # noqa: E402
from tasks import Task, task  # noqa: E402

SLICE = 250
"""Problems between two lines of progress."""


@dataclass(frozen=True)
class Found:
    """What one problem gave: its faults, and marks that are counted."""

    number: int
    faults: list[str]
    marks: tuple[str, ...]


def look(number: int, most: int, effort: float, keep: Path) -> Found:
    """Solve and judge one problem; write it down when something is wrong."""
    one = task(number, most)
    if one is None:
        return Found(number, [], ("cannot be posed",))
    try:
        verdict = judge(one, twice=number % 3 == 0, effort=effort)
    except Exception as error:
        faults, marks = [f"{type(error).__name__}: {error}"], ()
    else:
        faults, marks = verdict.faults, _marks(one, verdict)
    if faults:
        keep.mkdir(parents=True, exist_ok=True)
        one.save(keep / f"{number}-{most}.json")
    return Found(number, faults, marks)


def _marks(one: Task, verdict: Verdict) -> tuple[str, ...]:
    result, best = verdict.result, verdict.best
    marks = ["solved", "feasible" if result.feasible else "not feasible"]
    if best is None:
        return tuple(marks)
    if one.problem.current is None:
        if np.isfinite(best.cut):
            edges = one.problem.edges
            cut = int((result.labels[edges[:, 0]] != result.labels[edges[:, 1]]).sum())
            marks += ["scratch", *(["scratch: feasible"] if result.feasible else [])]
            marks += ["scratch: fewest cut edges"] if result.feasible and cut <= best.cut + 0.5 else []
        return tuple(marks)
    if np.isfinite(best.moved) and (one.max_moved is None or best.moved <= one.max_moved + 1e-12):
        marks += ["exact", *(["exact: feasible"] if result.feasible else [])]
        if result.feasible and one.prefer == "moves":
            marks += ["moves", *(["moves: optimum"] if result.moved_share <= best.moved + 1e-6 else [])]
        assert result.bound is not None
        marks += ["exact: bound is the optimum"] if result.bound >= best.moved - 1e-6 else []
    elif one.max_moved is None and np.isfinite(best.violation):
        marks += ["impossible"]
        marks += ["impossible: proven"] if any(c.kind != "not_found" for c in result.certificates) else []
        least = best.violation * (1 + 1e-6) + 1e-9
        marks += ["impossible: least violation"] if result.violation <= least else []
    return tuple(marks)


def results(numbers: range, processes: int, work: partial[Found]) -> Iterator[Found]:
    """What each problem gave, in order."""
    if processes == 1:
        yield from map(work, numbers)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(work, numbers, chunksize=10)


def drill(numbers: range, processes: int, work: partial[Found]) -> int:
    """Look at all of them and print what was found; how many had a fault."""
    count: Counter[str] = Counter()
    faulty, began = 0, time.perf_counter()
    print(f"problems {numbers.start} to {numbers.stop - 1}", flush=True)
    for found in results(numbers, processes, work):
        count.update(found.marks)
        if found.faults:
            faulty += 1
            print(f"problem {found.number}: {'; '.join(found.faults[:3])}", flush=True)
        if (found.number + 1) % SLICE == 0:
            seconds = time.perf_counter() - began
            print(f"{found.number + 1:>8} {seconds:7.0f} s  {faulty} with faults", flush=True)
    for mark in sorted(count):
        of = mark.split(":")[0]
        share = f"  {count[mark] / count[of]:.1%}" if of != mark and count[of] else ""
        print(f"{count[mark]:>8}  {mark}{share}")
    return faulty


def replay(path: Path, effort: float) -> int:
    """Solve one written problem again, say what is wrong with the answer."""
    one = Task.load(path)
    verdict = judge(one, twice=True, effort=effort)
    result = verdict.result
    print(
        f"{len(result.labels)} units, {one.problem.n_grids} grids: feasible {result.feasible}, "
        f"violation {result.violation:.4f}, moved {result.moved_share:.4f}, bound {result.bound}, "
        f"exact {verdict.best}"
    )
    print("\n".join(verdict.faults) or "no fault")
    return len(verdict.faults)


def main() -> None:
    """Run the drill or replay a problem of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--most", type=int, default=26, help="units at most")
    parser.add_argument("--effort", type=float, default=0.1, help="of the search; 1 is what a user gets")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, default=ROOT / "var" / "drill-rebalance")
    parser.add_argument("--replay", type=Path)
    asked = parser.parse_args()
    if asked.replay is not None:
        sys.exit(1 if replay(asked.replay, asked.effort) else 0)
    numbers = range(asked.first, asked.first + asked.count)
    work = partial(look, most=asked.most, effort=asked.effort, keep=asked.keep)
    faulty = drill(numbers, asked.processes, work)
    print(f"{faulty} problems with faults, written to {asked.keep}" if faulty else "no fault")
    sys.exit(1 if faulty else 0)


if __name__ == "__main__":
    main()
