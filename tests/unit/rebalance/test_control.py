"""What is told while a redraw is sought, and when the first feasible plan is there."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from geo.rebalance import Problem, rebalance
from geo.rebalance.control import Control
from geo.rebalance.model import model_of
from geo.rebalance.parts import parts_of
from geo.rebalance.runs import How, _as_before
from geo.rebalance.search import Outcome
from tests.unit.rebalance.redraws import lattice, strips


def test_the_first_feasible_plan_is_there_once_every_part_fits_within_the_cap() -> None:
    control = Control(None, 1, None, None, cap=0.35)
    control.stand(0, False, 1.4, 0.0)
    control.stand(1, True, 0.9, 0.2)
    assert control.first_feasible is None
    control.stand(0, True, 1.0, 0.2)  # together they move more than the cap
    assert control.first_feasible is None
    control.stand(0, False, 1.2, 0.0)  # a nearer plan is no better than one that fits
    assert control.first_feasible is None
    control.stand(0, True, 1.0, 0.1)
    assert control.first_feasible is not None


def test_progress_never_falls_when_a_part_is_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float] = []
    monkeypatch.setattr("geo.rebalance.control.POLL", 0.0)
    control = Control(None, 1, lambda event: told.append(float(event["progress"])), None)
    for done in (0.5, 1.0, 0.25, 0.75):
        control.note(0, done, 1.0)
        control.tell()
    assert told == [0.5, 1.0, 1.0, 1.0]


def uneven() -> Problem:
    current = strips(24, 12, [6, 6, 6, 6])
    return Problem(np.where(current == 0, 1.5, 1.0), lattice(24, 12), current, 4, 0.05)


def test_a_redraw_tells_the_violation_and_share_of_its_best_plan_so_far() -> None:
    told: list[Mapping[str, Any]] = []
    result = rebalance(uneven(), time_limit=None, progress=lambda event: told.append(dict(event)))
    assert result.feasible
    first = result.seconds["first_feasible"]
    total = result.seconds["total"]
    assert first is not None
    assert total is not None
    assert first <= total
    stages = [event["stage"] for event in told]
    assert stages[0] == "search"
    assert told[0]["bound"] == pytest.approx(result.bound, abs=0.5)


def test_shape_weighs_more_where_a_first_plan_has_longer_borders_and_as_before_where_it_does_not_fit() -> (
    None
):
    model = model_of(uneven())
    current = np.asarray(model.problem.current)
    part = parts_of(model, current)[0]
    cut = float(
        model.cut[
            current[np.repeat(np.arange(model.n), np.diff(model.indptr))] != current[model.indices]
        ].sum()
        / 2
    )
    how = How(0, 0.15, 1.0, as_before=True)

    def weight(times: float, feasible: bool = True) -> float:
        return _as_before(model, part, current, Outcome(current, feasible, 0, 0, 0, 0, 0.9, times * cut), how)

    assert weight(1.0) == pytest.approx(0.15)
    assert 0.15 < weight(1.05) < weight(1.5) == pytest.approx(0.3)
    assert weight(0.5) == pytest.approx(0.075)
    assert weight(1.5, feasible=False) == 0.15
