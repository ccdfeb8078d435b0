"""How good and how quick redraws are, beside METIS, KaHIP, gerrychain and spopt on the same towns.

    ./run bench rebalance [--sizes S,M] [--seeds 1] [--seconds 30] [--only WORD] [--json FILE]
    ./run bench rebalance --districting FOLDER      published instances from scratch, beside the proven optima

Sizes S (2,000 units in 40 grids), M (20,000 in 200), L (100,000 in 500), each as usual, hard and from
scratch, or UNITSxGRIDS. Towns are generated: two weights, two classes, rivers with bridges, locked grids
and units, grids that have drifted apart. Every method runs in a process of its own, peers with --seconds at
most (one that was too late is not tried on as large a town again), Gridwright with its own default limit of
60. What peers give is matched to today's grids so that least moves. Columns: violation (at most 1 is within
tolerance in both weights) and that of minutes alone, grids in pieces, locked units moved, share of work
moved and how many times the least flow and the proven bound that is, the gap, mean Polsby-Popper, cut
edges, largest step, seconds until a first plan within tolerance, seconds in all, megabytes of the whole
process.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from bench import _districting
from bench._rebalance_cases import SIZES, Case, fresh, town
from bench._rebalance_child import GRIDWRIGHT, Done, Job, run
from bench._rebalance_peers import REDRAW, SCRATCH
from bench._rebalance_score import regions, score, together
from bench._rebalance_table import PUBLISHED, Columns, head, line, markdown
from bench._rebalance_table import REDRAW as REDRAW_COLUMNS
from bench._rebalance_table import SCRATCH as SCRATCH_COLUMNS

Row = dict[str, Any]
LIMIT = 60.0
"""Seconds that Gridwright takes at most when nothing is said."""


def measure(case: Case, method: str, seed: int, seconds: float, memory: int) -> Row:
    """One method on one case: its figures, or why there are none."""
    parts = regions(case)
    ours = method in GRIDWRIGHT
    job = Job(
        method,
        case.problem if ours else None,
        [] if ours else [p.region for p in parts],
        seed,
        seconds,
        memory,
    )
    done = run(job)
    row: Row = {"case": case.name, "method": method, "seed": seed, "failed": done.failed, "late": done.late}
    if done.failed:
        return row
    plan = done.labels[0] if ours else together(case.problem, parts, done.labels)
    if isinstance(plan, str):
        return {**row, "failed": plan}
    row |= score(case, plan) | {"seconds": done.seconds, "megabytes": done.megabytes}
    return row | _beside_bounds(row, done)


def _beside_bounds(row: Row, done: Done) -> Row:
    """Gridwright's own figures, and the moved share in multiples of the flow and the bound."""
    flow, bound, moved = done.figures.get("estimate"), done.figures.get("bound"), row.get("moved")
    more: Row = dict(done.figures)
    if moved is not None and bound is not None:
        more["times_flow"] = moved / flow if flow else None
        more["times_bound"] = moved / bound if bound else None
        more["gap"] = (moved - bound) / moved if moved else 0.0
    return more


def today(case: Case) -> Row:
    """The plan that a redraw begins from."""
    assert case.problem.current is not None
    return {"case": case.name, "method": "today", "failed": None, **score(case, case.problem.current)}


class Patience:
    """Remembers which method was too late on how large a town."""

    def __init__(self) -> None:
        self.late: dict[tuple[str, bool], int] = {}

    def measure(self, case: Case, method: str, seed: int, asked: Any) -> Row:
        """One method on one case, unless it was too late on one no larger."""
        size, key = len(case.problem.weights), (method, case.problem.current is None)
        if self.late.get(key, size + 1) <= size:
            failed = f"was not done in {asked.seconds:.0f} s on a town of this size or smaller"
            return {"case": case.name, "method": method, "seed": seed, "failed": failed, "late": True}
        seconds = LIMIT if method in GRIDWRIGHT else asked.seconds
        row = measure(case, method, seed, seconds, asked.memory << 30)
        if row["late"]:
            self.late[key] = size
        return row


def side_by_side(
    case: Case, methods: list[str], seed: int, columns: Columns, asked: Any, patience: Patience
) -> list[Row]:
    """All methods on a case, printed as they come."""
    rows = [] if case.problem.current is None else [today(case)]
    print("\n" + head(case.name, columns))
    for row in rows:
        print(line("today", row, columns))
    for method in methods:
        rows.append(patience.measure(case, method, seed, asked))
        print(line(method, rows[-1], columns), flush=True)
    return rows


def means(rows: list[Row]) -> None:
    """Gridwright's mean and worst multiples over the seeds of each kind of case."""
    ours = [r for r in rows if r["method"] == "Gridwright, fewest moves" and r.get("times_bound")]
    if not ours:
        return
    print(f"\n{'over all seeds':<30}  within    × flow mean (worst)   × bound mean (worst)   seconds   MB")
    for kind in dict.fromkeys(r["case"].rsplit(" seed", 1)[0] for r in ours):
        mine = [r for r in ours if r["case"].rsplit(" seed", 1)[0] == kind]
        flow, bound = ([r[k] for r in mine] for k in ("times_flow", "times_bound"))
        print(
            f"{kind:<30} {sum(r['ok'] for r in mine):>3} of {len(mine)}"
            f"{np.mean(flow):>12.2f} ({max(flow):.2f}){np.mean(bound):>16.2f} ({max(bound):.2f})"
            f"{np.mean([r['seconds'] for r in mine]):>14.1f}{max(r['megabytes'] for r in mine):>7.0f}"
        )


def towns(asked: Any) -> list[Row]:
    """Redraws, and grids from scratch, of generated towns."""
    word = asked.only.lower()
    redraw = [m for m in [*GRIDWRIGHT, *REDRAW] if word in m.lower()]
    scratch = [m for m in [*list(GRIDWRIGHT)[:1], *SCRATCH] if word in m.lower()]
    rows: list[Row] = []
    patience = Patience()
    for size in [s for s in asked.sizes.split(",") if s]:
        units, grids = SIZES[size] if size in SIZES else map(int, size.split("x"))
        for seed in range(1, asked.seeds + 1):
            for hard in (False, True):
                name = f"{size}{' hard' if hard else ''} seed {seed}"
                case = town(units, grids, seed, hard=hard, name=name)
                rows += side_by_side(case, redraw, seed, REDRAW_COLUMNS, asked, patience)
            if not asked.no_scratch:
                case = fresh(units, grids, seed, name=f"{size} from scratch seed {seed}")
                rows += side_by_side(case, scratch, seed, SCRATCH_COLUMNS, asked, patience)
    means(rows)
    return rows


def published(asked: Any) -> list[Row]:
    """Published instances from scratch, beside what is known of them."""
    rows = []
    print(head("districts from scratch", PUBLISHED))
    for one in _districting.read(asked.districting):
        row = measure(one.case, "Gridwright, fewest moves", 0, LIMIT, asked.memory << 30)
        row |= {"best_known": one.best_known, "chain": one.chain, "proven": one.proven}
        if one.best_known and row.get("ok"):
            row["over"] = row["cut_edges"] / one.best_known - 1
        rows.append(row)
        print(line(one.case.name, row, PUBLISHED), flush=True)
    found = [r for r in rows if r.get("over") is not None]
    for level in ("tract", "county"):
        mine = [r for r in found if f" {level} " in r["case"]]
        print(f"{level}: the proven optimum in {sum(r['over'] <= 0 for r in mine)} of {len(mine)}")
    return rows


def main() -> None:
    """Run what was asked and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="S,M")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30.0, help="for each peer on each case")
    parser.add_argument("--memory", type=int, default=8, help="GB for each method")
    parser.add_argument("--only", default="", help="methods with this word in their name")
    parser.add_argument("--no-scratch", action="store_true", help="redraws only")
    parser.add_argument("--districting", type=Path, help="a folder of published instances")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown, too")
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results" / "rebalance.json")
    asked = parser.parse_args()
    from geo.warm import warm

    warm()
    rows = published(asked) if asked.districting is not None else towns(asked)
    if asked.markdown and asked.districting is None:
        for name in dict.fromkeys(r["case"] for r in rows):
            columns = SCRATCH_COLUMNS if "scratch" in name else REDRAW_COLUMNS
            print("\n" + markdown(name, [r for r in rows if r["case"] == name], columns))
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps({"bench": "rebalance", "rows": rows}, indent=1, default=float))


if __name__ == "__main__":
    main()
