"""Stopping in time and telling how far the work is."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
Progress = Callable[[Mapping[str, Any]], None]
Cancel = Callable[[], bool]

POLL = 0.2
"""Seconds between looks at the clock and at cancel()."""
RESERVE, MOST_RESERVED = 0.1, 5.0
"""Share of the time limit, and most seconds, that are kept for ordering the steps."""
GRACE = 0.4
"""Seconds that ordering may use after a cancel, or after a search that ended late."""


class Control:
    """Runs work on threads; stops it at the deadline or when cancelled; reports progress.

    Work asks ``stopped`` between short slices of compiled code. Nothing else depends on the clock. ``cap`` is
    the most share that a feasible plan moves.
    """

    def __init__(
        self, time_limit: float | None, threads: int | None, progress: Progress | None, cancel: Cancel | None,
        cap: float = np.inf,
    ):  # fmt: skip
        self.cap = cap
        self.started = time.monotonic()
        limit = np.inf if time_limit is None else time_limit
        self._end = self.started + limit
        self._deadline = self._end if time_limit is None else self._end - min(MOST_RESERVED, RESERVE * limit)
        self._stopped_at = np.inf
        self.threads = max(1, threads or os.cpu_count() or 1)
        self.stopped_by: str | None = None
        self.first_feasible: float | None = None
        self._progress, self._cancel = progress, cancel
        self._stop = threading.Event()
        self._facts: dict[str, Any] = {}
        self._done: dict[int, tuple[float, float]] = {}
        self._stand: dict[int, tuple[float, float, float]] | None = {}
        self._lock = threading.Lock()
        self._told, self._furthest = -1.0, 0.0

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def stopped(self) -> bool:
        """Whether work should end now."""
        return self._stop.is_set()

    def note(self, task: int, done: float, size: float) -> None:
        """A task's progress, 0..1, and its share of the work."""
        self._done[task] = (done, size)

    def stand(self, part: int, feasible: bool, violation: float, moved_share: float) -> None:
        """The best plan of a part so far; of all parts are told the worst violation and the sum of shares.

        The best is that within tolerance with the least moved, else the one nearest to tolerance. Once every
        part is within tolerance and what moves is within the cap, the first feasible plan is there. Ends when
        ``tell`` says how the whole plan stands.
        """
        with self._lock:
            if self._stand is None:
                return
            now = (0.0 if feasible else violation, moved_share, violation)
            self._stand[part] = min(self._stand.get(part, now), now)
            best = list(self._stand.values())
        if max(b[0] for b in best) <= 0 and sum(b[1] for b in best) <= self.cap:
            self.feasible_now()

    def tell(self, **facts: Any) -> None:
        """Facts for the next progress event (stage, violation, moved_share, bound, estimate)."""
        self._facts.update(facts)
        with self._lock:
            if "violation" in facts:
                self._stand = None
            elif facts.get("stage") == "search":
                self._stand = {}
        self._emit()

    def feasible_now(self) -> None:
        """Remember when the first feasible plan was there."""
        if self.first_feasible is None:
            self.first_feasible = self.seconds

    def look(self) -> bool:
        """Look at the clock and at cancel(); whether to stop."""
        if not self._stop.is_set():
            if self._cancel is not None and self._cancel():
                self.stopped_by = "cancelled"
                self._stop.set()
            elif time.monotonic() >= self._deadline:
                self.stopped_by = "time_limit"
                self._stop.set()
            if self._stop.is_set():
                self._stopped_at = time.monotonic()
        return self._stop.is_set()

    def overdue(self) -> bool:
        """Whether even the last work, ordering the steps, should end now."""
        if not self.stopped():
            return False
        latest = self._stopped_at + GRACE
        return time.monotonic() >= (latest if self.stopped_by == "cancelled" else max(latest, self._end))

    def run(self, tasks: list[Callable[[], T]], *, counted: bool = True) -> list[T]:
        """Results of the tasks, in order, whatever the number of threads; ``counted`` in the progress."""
        if counted:
            self._done = {}
        with ThreadPoolExecutor(self.threads) as pool:
            futures: list[Future[T]] = [pool.submit(t) for t in tasks]
            left = set(futures)
            try:
                while left:
                    left = wait(left, POLL, FIRST_COMPLETED).not_done
                    self.look()
                    self._emit()
            except BaseException:
                self._stop.set()
                raise
            return [f.result() for f in futures]

    def _emit(self) -> None:
        if self._progress is None or self.seconds - self._told < POLL:
            return
        self._told = self.seconds
        done = list(self._done.values())
        whole = sum(size for _, size in done)
        share = sum(part * size for part, size in done) / whole if whole else 0.0
        self._furthest = max(self._furthest, share)  # what is searched again is no step back
        with self._lock:
            stand = list((self._stand or {}).values())
        if stand:
            self._facts["violation"] = min(max(violation for _, _, violation in stand), 1e300)
            self._facts["moved_share"] = sum(moved for _, moved, _ in stand)
        self._progress(
            {**self._facts, "progress": round(self._furthest, 4), "seconds": round(self.seconds, 3)}
        )
