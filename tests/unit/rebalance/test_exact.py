"""The exact answer for small classes: the optimum of another model, and never more than is proven."""

import numpy as np
import pytest
from redraws import lattice, neighbours_of, pieces, strips, worst
from small_instances import SOLVED, instance, known_optimum
from tasks import task

from geo.rebalance import Problem, exact, rebalance
from geo.rebalance.exact import Optimum, can_try, least_moved
from geo.rebalance.model import model_of
from geo.rebalance.solver import Answer, Program

ROUNDING = 1e-7


def solved(problem: Problem, labels: np.ndarray | None = None, stop: bool = False) -> list[Optimum]:
    """What is proven for each class, from today's grids or from another plan (n,)."""
    model, current = model_of(problem), np.asarray(problem.current)
    start = current if labels is None else labels
    kinds = np.unique(model.grid_class).tolist()
    return [least_moved(model, current, start, c, lambda: stop) for c in kinds]


def share(problem: Problem, found: list[Optimum]) -> float:
    return sum(one.bound for one in found) / float(problem.weights[:, problem.move_weight].sum())


def faults(problem: Problem, labels: np.ndarray) -> list[str]:
    """What breaks the rules in a plan (n,)."""
    near, gone, current = neighbours_of(problem), np.asarray(problem.dissolve), np.asarray(problem.current)
    found = []
    for g in range(problem.n_grids):
        count = pieces(np.flatnonzero(labels == g).tolist(), near)
        found += [f"grid {g} in {count} pieces"] if count != (0 if gone[g] else 1) else []
    found += ["outside tolerance"] if worst(problem, labels) > 1 + ROUNDING else []
    found += ["locks"] if (labels != current)[np.asarray(problem.locked_units)].any() else []
    found += ["class"] if (np.asarray(problem.grid_class)[labels] != problem.unit_class).any() else []
    return found


@pytest.mark.parametrize("seed", SOLVED)
def test_what_is_proven_is_the_optimum_and_the_plan_reaches_it(seed: int) -> None:
    problem, best = instance(seed), known_optimum(seed)
    found = solved(problem)
    if np.isinf(best):
        assert np.isinf(share(problem, found))
        return
    assert share(problem, found) == pytest.approx(best, abs=ROUNDING)
    model, current = model_of(problem), np.asarray(problem.current)
    for c, one in zip(np.unique(model.grid_class).tolist(), found, strict=True):
        assert one.labels is not None
        assert (one.labels[model.unit_class != c] == current[model.unit_class != c]).all()
    if all(one.optimal for one in found):
        labels = _joined(problem, found)
        assert faults(problem, labels) == []
        assert model.moved_share(labels) == pytest.approx(best, abs=ROUNDING)


def _joined(problem: Problem, found: list[Optimum]) -> np.ndarray:
    """The plan (n,) of all classes."""
    labels, kinds = np.array(problem.current), np.unique(np.asarray(problem.grid_class))
    for c, one in zip(kinds, found, strict=True):
        assert one.labels is not None
        mine = np.asarray(problem.unit_class) == c
        labels[mine] = one.labels[mine]
    return labels


def test_nearly_all_are_solved_to_a_plan() -> None:
    feasible = [seed for seed in SOLVED if np.isfinite(known_optimum(seed))]
    assert sum(all(one.optimal for one in solved(instance(seed))) for seed in feasible) >= len(feasible) - 1


def test_a_redraw_of_a_small_problem_says_that_it_is_the_best() -> None:
    for seed in (13, 57, 98):
        result = rebalance(instance(seed), effort=0.02)
        assert result.moved_share == pytest.approx(known_optimum(seed), abs=ROUNDING)
        assert result.bound == pytest.approx(known_optimum(seed), abs=1e-6)
        assert result.stopped_by == "optimal"


def test_the_answer_repeats_and_no_plan_that_is_given_is_lost() -> None:
    for seed in (12, 53, 60, 98):
        problem = instance(seed)
        one, two = solved(problem), solved(problem)
        assert share(problem, one) == share(problem, two)
        assert (_joined(problem, one) == _joined(problem, two)).all()
        again = solved(problem, _joined(problem, one))
        assert share(problem, again) == pytest.approx(share(problem, one), abs=ROUNDING)
        model = model_of(problem)
        moved = [model.moved_share(_joined(problem, found)) for found in (one, again)]
        assert moved[1] <= moved[0] + ROUNDING


@pytest.mark.parametrize("steps", [1, 60, 300])
def test_an_early_end_leaves_a_bound_that_holds(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "STEPS", steps)
    monkeypatch.setattr(exact, "NODES", 1)
    unproven = 0
    for seed in SOLVED:
        problem, best = instance(seed), known_optimum(seed)
        found = solved(problem)
        unproven += not all(one.optimal or np.isinf(one.bound) for one in found)
        assert -ROUNDING <= share(problem, found) <= best + ROUNDING
        for one in found:
            assert np.isfinite(best) or not one.optimal or one.labels is not None
    assert unproven > 0


def test_a_stop_leaves_a_bound_that_holds() -> None:
    for seed in SOLVED:
        assert (
            -ROUNDING
            <= share(instance(seed), solved(instance(seed), stop=True))
            <= known_optimum(seed) + ROUNDING
        )


def test_only_what_is_small_is_tried() -> None:
    wide = Problem(np.ones(600), lattice(30, 20), strips(30, 20, [20, 10]), 2, 0.05)
    locked = np.arange(600) % 30 < 28
    few = Problem(np.ones(600), lattice(30, 20), strips(30, 20, [20, 10]), 2, 0.05, locked_units=locked)
    current = np.asarray(wide.current)
    assert not can_try(model_of(wide), current, 0)
    assert can_try(model_of(few), current, 0)


def test_infeasible_rows_are_told_as_such() -> None:
    program = Program(np.ones(2), np.ones(2), np.ones(2, bool))
    program.add(3, np.inf, np.arange(2), 1.0)
    assert program.solve(10).status == "infeasible"
    assert program.relaxed().status == "infeasible"


def test_a_solution_costs_what_the_solver_says_even_where_it_was_started_with_a_worse_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers: list[tuple[float, float]] = []
    solve = Program.solve

    def priced(self: Program, nodes: int, gap: float = 0.0, start: np.ndarray | None = None) -> Answer:
        answer = solve(self, nodes, gap, start)
        if answer.x is not None and start is not None:
            answers.append((float(self._cost @ answer.x), answer.value))
        return answer

    monkeypatch.setattr(Program, "solve", priced)
    asked = task(20067)  # HiGHS 1.16 hands back the start here, with the value of the optimum
    assert asked is not None
    result = rebalance(asked.problem, asked.seed, None, asked.max_moved, asked.prefer, effort=0.05)
    assert answers
    for cost, value in answers:
        assert cost == pytest.approx(value, abs=1e-6)
    assert result.stopped_by == "optimal"
