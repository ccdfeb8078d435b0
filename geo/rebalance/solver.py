"""Mixed-integer programs, solved by HiGHS so that the answer does not depend on the clock or the threads.

Rows may be added between two solves. Nodes are counted, not seconds; only a stop sign (the time limit or
a cancel of the whole redraw) ends a solve early, and what is proven until then is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt

from geo.rebalance.problem import Floats, Ints

EXACT = 1e-9
"""Rows and integers are kept, and optima proven, to this; so rows should be scaled to about 1."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What a solve found. ``status`` optimal (within the gap), infeasible, limit, stopped or failed.

    ``x`` the best solution (None if none), ``value`` its cost (inf if none), ``bound`` a proven lower bound
    on the cost of every solution (inf if there is none), ``steps`` of the simplex method it took.
    """

    status: str
    x: Floats | None
    value: float
    bound: float
    steps: int


class _Quiet(highspy.Highs):
    """HiGHS greets on standard output as soon as callbacks are enabled, which is for answers alone."""

    def enableCallbacks(self) -> None:  # noqa: N802
        self.silent()
        super().enableCallbacks()  # type: ignore[no-untyped-call]


class Program:
    """min cost @ x over rows, 0 <= x <= upper, some x whole. One thread, a fixed seed."""

    def __init__(
        self,
        cost: Floats,
        upper: Floats,
        whole: npt.NDArray[np.bool_],
        stopped: Callable[[], bool] = lambda: False,
    ):
        """``cost``, ``upper`` and ``whole`` (v,); ``stopped`` is asked while solving."""
        n = len(cost)
        self.columns = n
        self._stopped = stopped
        self._cost = np.asarray(cost, np.float64)
        self._model = h = _Quiet()  # type: ignore[no-untyped-call]
        for name, value in (
            ("threads", 1),
            ("random_seed", 0),
            ("mip_abs_gap", EXACT),
            ("mip_feasibility_tolerance", EXACT),
            ("primal_feasibility_tolerance", EXACT),
            ("dual_feasibility_tolerance", EXACT),
        ):
            h.setOptionValue(name, value)
        at = np.arange(n, dtype=np.int32)
        h.addVars(n, np.zeros(n), np.asarray(upper, np.float64))
        h.changeColsCost(n, at, np.asarray(cost, np.float64))
        which = at[whole]
        if len(which):
            kinds = np.full(len(which), int(highspy.HighsVarType.kInteger), np.uint8)
            h.changeColsIntegrality(len(which), which, kinds)
        for interrupt in (h.cbMipInterrupt, h.cbSimplexInterrupt):
            interrupt.subscribe(self._look)

    def _look(self, event: "highspy.HighsCallbackEvent") -> None:
        if self._stopped():
            event.interrupt()

    def _kept_the_start(self) -> bool:
        """Whether HiGHS gives the start as its solution with the value of a better one, as 1.16 may do."""
        info = self._model.getInfo()
        value = float(self._cost @ np.asarray(self._model.getSolution().col_value, np.float64))
        return info.primal_solution_status == 2 and value > float(info.objective_function_value) + 1e-6

    def add(self, low: float, high: float, columns: Ints, values: Floats | float) -> None:
        """One more row: low <= values @ x[columns] <= high. Columns must differ."""
        at = np.asarray(columns, np.int32)
        self._model.addRow(low, high, len(at), at, np.broadcast_to(np.float64(values), at.shape).copy())

    def solve(self, nodes: int, gap: float = 0.0, start: Floats | None = None) -> Answer:
        """The best x within a number of nodes, or within ``gap`` of the best (relative).

        ``start`` (v,) is a solution known before.
        """
        h = self._model
        h.setOptionValue("mip_max_nodes", int(nodes))
        h.setOptionValue("mip_rel_gap", float(gap))
        if start is not None:
            known = highspy.HighsSolution()
            known.col_value = [float(v) for v in start]
            h.setSolution(known)
        h.run()
        if start is not None and self._kept_the_start():
            h.clearSolver()
            h.run()
        info, status = h.getInfo(), h.getModelStatus()
        steps = max(0, int(info.simplex_iteration_count))
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return Answer("infeasible", None, np.inf, np.inf, steps)
        found = info.primal_solution_status == 2
        x = np.asarray(h.getSolution().col_value, np.float64) if found else None
        value = float(info.objective_function_value) if found else np.inf
        kind = _ENDED.get(status, "failed")
        bound = float(info.mip_dual_bound) if kind != "failed" else -np.inf
        if kind == "optimal" and value - bound <= EXACT:
            bound = value
        return Answer(kind, x, value, bound if np.isfinite(bound) else -np.inf, steps)

    def relaxed(self) -> Answer:
        """The best x where none need be whole."""
        h = self._model
        h.setOptionValue("solve_relaxation", True)
        h.run()
        h.setOptionValue("solve_relaxation", False)
        steps = max(0, int(h.getInfo().simplex_iteration_count))
        if h.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            infeasible = h.getModelStatus() == highspy.HighsModelStatus.kInfeasible
            return Answer("infeasible", None, np.inf, np.inf, steps) if infeasible else _NOTHING
        value = float(h.getInfo().objective_function_value)
        x = np.asarray(h.getSolution().col_value, np.float64)
        return Answer("optimal", x, value, value, steps)


_ENDED = {
    highspy.HighsModelStatus.kOptimal: "optimal",
    highspy.HighsModelStatus.kSolutionLimit: "limit",
    highspy.HighsModelStatus.kIterationLimit: "limit",
    highspy.HighsModelStatus.kInterrupt: "stopped",
}
_NOTHING = Answer("failed", None, np.inf, -np.inf, 0)
