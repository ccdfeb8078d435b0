"""Every reason that proves, before any search, that no plan within tolerance exists."""

import numpy as np

from geo.rebalance.apart import cut_off
from geo.rebalance.certificates import Certificate
from geo.rebalance.locks import held_by_locks
from geo.rebalance.model import SLACK, Model
from geo.rebalance.problem import Ints


def proofs(model: Model, current: Ints | None) -> list[Certificate]:
    """Every reason found that proves that no plan within tolerance exists; empty if none is known."""
    found = _heavy_units(model) + _class_totals(model)
    if current is not None:
        found += held_by_locks(model, current)
    total = {c.group for c in found if c.kind == "class_total"}
    return found + [c for c in cut_off(model, current) if c.group not in total]


def _heavy_units(model: Model) -> list[Certificate]:
    """Units heavier than any grid that they may be in."""
    found = []
    for j in np.flatnonzero(np.isfinite(model.tol)):
        for c in np.unique(model.unit_class):
            grids = np.flatnonzero((model.grid_class == c) & model.open_grids)
            if len(grids) == 0:
                continue
            most = float(model.high[grids, j].max())
            mine = (model.unit_class == c) & (model.W[:, j] > most * (1 + SLACK))
            shut = np.zeros(model.n, bool)
            if model.problem.current is not None:
                shut = ~model.open_grids[model.problem.current] & model.remain[model.problem.current]
            for u in np.flatnonzero(mine & ~shut)[:20]:
                weight = float(model.W[u, j])
                message = (
                    f"unit {{units}} alone has {weight:g} {{weight}} and a grid of its class may have at "
                    f"most {most:g}; split the unit, raise the tolerance or the target"
                )
                figures = {"weight": weight, "most": most}
                now = model.problem.current
                where = () if now is None else (int(now[u]),)
                found.append(
                    Certificate("unit_too_heavy", message, where, (int(u),), int(j), int(c), figures)
                )
    return found


def _class_totals(model: Model) -> list[Certificate]:
    """Classes whose weight is more, or less, than their grids together may have."""
    found = []
    for c in np.unique(model.grid_class):
        grids = np.flatnonzero((model.grid_class == c) & model.remain)
        for j in np.flatnonzero(np.isfinite(model.tol)):
            weight = float(model.W[model.unit_class == c, j].sum())
            most, least = float(model.high[grids, j].sum()), float(model.low[grids, j].sum())
            if least * (1 - SLACK) <= weight <= most * (1 + SLACK):
                continue
            mean = float(model.target[grids, j].mean())
            fit = _number(weight, mean, float(model.tol[j]), int((model.unit_class == c).sum()))
            would = "no number of grids with such targets fits, so change the targets"
            would = would if fit is None else f"{fit} grids with such targets would fit"
            side, limit = ("more", most) if weight > most else ("less", least)
            message = (
                f"class {{class}} has {weight:g} {{weight}}, {side} than the {limit:g} that its {len(grids)} "
                f"grids together {'may' if weight > most else 'must'} have; {would}"
            )
            figures = {"weight": weight, "least": least, "most": most, "grids_that_fit": fit}
            found.append(
                Certificate("class_total", message, tuple(map(int, grids)), (), int(j), int(c), figures)
            )
    return found


def _number(weight: float, mean: float, tol: float, units: int) -> int | None:
    """The fewest grids of a mean target that can share a weight; None where no number fits."""
    fewest = max(1, int(np.ceil(weight / (mean * (1 + tol)) - SLACK)))
    return fewest if fewest <= units and fewest * mean * (1 - tol) <= weight * (1 + SLACK) else None
