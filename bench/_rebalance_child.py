"""One method on one case in a process of its own, so that its time is bounded and its memory its own.

`python -m bench._rebalance_child` takes a pickled Job on standard input and gives a pickled Done on standard
output.
"""

import contextlib
import os
import pickle
import resource
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench._memory import most_held
from bench._rebalance_peers import REDRAW, Region

GRIDWRIGHT = {"Gridwright, fewest moves": "moves", "Gridwright, compact": "compact"}
SPARE = 10.0
"""Seconds beyond the limit for starting, reading and writing."""


@dataclass(frozen=True, eq=False)
class Job:
    """``method`` by its name on ``regions`` (peers) or on the whole ``problem`` (Gridwright)."""

    method: str
    problem: Any
    regions: list[Region]
    seed: int
    seconds: float
    memory: int


@dataclass(eq=False)
class Done:
    """Labels of the whole problem (Gridwright) or of each region (peers), seconds, megabytes, more figures;
    or the reason why there are none."""

    labels: list[npt.NDArray[Any]] = field(default_factory=list)
    seconds: float = 0.0
    megabytes: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)
    failed: str | None = None
    late: bool = False


def run(job: Job) -> Done:
    """Run it in a child; a child that takes too long is ended."""
    root = Path(__file__).parents[1]
    try:
        child = subprocess.run(
            [sys.executable, "-m", "bench._rebalance_child"],
            cwd=root,
            input=pickle.dumps(job),
            capture_output=True,
            timeout=job.seconds + SPARE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Done(failed=f"not done in {job.seconds:.0f} s", late=True)
    if child.returncode != 0:
        lines = child.stderr.decode(errors="replace").strip().splitlines()
        return Done(failed=lines[-1][:120] if lines else f"ended with status {child.returncode}")
    done = pickle.loads(child.stdout)
    assert isinstance(done, Done)
    return done


def _gridwright(job: Job) -> Done:
    from geo.rebalance import rebalance

    result = rebalance(job.problem, job.seed, job.seconds, prefer=GRIDWRIGHT[job.method])
    figures = {
        "estimate": result.estimate,
        "bound": result.bound,
        "first_feasible": result.seconds["first_feasible"],
        "largest_step": result.largest_step,
        "steps": len(result.moves),
        "exchanges": sum(s.kind == "exchange" for s in result.moves),
        "stopped_by": result.stopped_by,
    }
    return Done([result.labels], figures=figures)


def _peer(job: Job) -> Done:
    share = np.array([len(r.weights) for r in job.regions], float)
    share *= job.seconds / share.sum()
    found = [
        REDRAW[job.method](r, job.seed, float(s)) if r.grids > 1 else np.zeros(len(r.weights), np.int64)
        for r, s in zip(job.regions, share, strict=True)
    ]
    return Done(found)


def main() -> None:
    """The child."""
    warnings.simplefilter("ignore")
    job = pickle.load(sys.stdin.buffer)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print goes elsewhere
    resource.setrlimit(resource.RLIMIT_AS, (job.memory, job.memory))
    began = time.perf_counter()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            done = _gridwright(job) if job.method in GRIDWRIGHT else _peer(job)
    except MemoryError:
        done = Done(failed=f"more than {job.memory / 2**30:.0f} GB")
    except Exception as error:
        done = Done(failed=f"{type(error).__name__}: {error}"[:160])
    done.seconds = time.perf_counter() - began
    done.megabytes = most_held()
    answers.write(pickle.dumps(done))
    answers.close()


if __name__ == "__main__":
    main()
