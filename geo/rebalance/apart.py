"""Land that barriers keep apart: regions that no number of grids can share, and bridges that would help."""

from collections.abc import Callable
from typing import Any

import numpy as np

from geo.rebalance.bounds import counts_that_fit, least_and_most
from geo.rebalance.certificates import Certificate
from geo.rebalance.model import SLACK, Model
from geo.rebalance.parts import regions
from geo.rebalance.problem import Bools, Ints

FEW = 8
"""Regions from which a bridge is looked for, smallest first."""
_Way = tuple[bool, float, int, int]
"""Whether the bridge is not enough, how long it is, and the units that it joins."""


def cut_off(model: Model, current: Ints | None) -> list[Certificate]:
    """Connected regions of a class that no number of its grids can share within the limits."""
    found = []
    inside = np.ones(model.n, bool) if current is None else model.may_give(current)
    region = regions(model, inside)
    without_locks = regions(model, np.ones(model.n, bool))
    for c in np.unique(model.unit_class):
        grids = np.flatnonzero((model.grid_class == c) & model.open_grids)
        names = np.unique(region[(model.unit_class == c) & inside])
        if len(names) < 2 and len(np.unique(without_locks[model.unit_class == c])) < 2:
            continue
        fits = []
        for r in names:
            units = region == r
            fits.append(_counts(model, grids, units))
            if not fits[-1]:
                hemmed = bool(
                    np.bincount(without_locks[units]).max() < (without_locks == without_locks[units][0]).sum()
                )
                found.append(_region_proof(model, current, units, grids, int(c), hemmed))
        if all(fits) and not _adds_up(fits, len(grids)) and len(names):
            found.append(_sharing_proof(model, region, names, fits, grids, int(c)))
    return found


def _sharing_proof(
    model: Model, region: Ints, names: Ints, fits: list[list[int]], grids: Ints, c: int
) -> Certificate:
    """Regions that each could have some number of grids, but not such that all grids are used."""
    sizes = [int((region == r).sum()) for r in names]
    lone = tuple(int(np.flatnonzero(region == r)[0]) for r in names)

    def shared(joined: Bools) -> bool:
        others = [f for r, f in zip(names, fits, strict=True) if not joined[region == r].any()]
        return _adds_up([*others, _counts(model, grids, joined)], len(grids))

    smallest = names[np.argsort(sizes, kind="stable")][:FEW]
    found = [_bridge(model, region, region == r, c, shared) for r in smallest]
    bridge = min((way for way in found if way is not None), default=None)
    message = (
        f"class {{class}} lies in {len(names)} parts that do not touch, of {', '.join(map(str, sizes[:8]))} "
        f"units (one of each: {{units}}), and no sharing of its {len(grids)} grids among them fits; "
        f"{_advice(bridge)}, or take another number of grids (at least {sum(min(f) for f in fits)}, "
        f"at most {sum(max(f) for f in fits)})"
    )
    figures = {
        "parts": len(names),
        "sizes": sizes[:20],
        "counts_that_fit": [f[:20] for f in fits[:20]],
    }
    few = tuple(map(int, grids[:20]))
    pair = None if bridge is None else bridge[2:]
    return Certificate("cut_off", message, few, lone[:20], group=c, figures=figures, bridge=pair)


def _adds_up(fits: list[list[int]], total: int) -> bool:
    """Whether one count of each list can be chosen so that they add up to the total."""
    sums = {0}
    for counts in fits:
        sums = {s + k for s in sums for k in counts if s + k <= total}
    return total in sums


def _counts(model: Model, grids: Ints, units: Bools) -> list[int]:
    """How many of the grids can share these units: within their limits, and a unit for each."""
    fits = counts_that_fit(model, grids, model.W[units].sum(axis=0)) if len(grids) else []
    return [k for k in fits if k <= int(units.sum())] or fits


def _region_proof(
    model: Model, current: Ints | None, units: Bools, grids: Ints, c: int, hemmed: bool
) -> Certificate:
    """One region that fits no number of grids, with the nearest place where a bridge would help."""
    here = np.unique(current[units]) if current is not None else np.zeros(0, np.int64)
    here = here[model.remain[here]] if len(here) else here
    j, why, figures = _misfit(model, grids, units)
    figures["grids_now"] = max(1, len(here))
    region = regions(model, np.ones(model.n, bool) if current is None else model.may_give(current))
    bridge = (
        None
        if hemmed
        else _bridge(model, region, units, c, lambda joined: bool(_counts(model, grids, joined)))
    )
    message = (
        f"{'locked grids shut in' if hemmed else 'no neighbour or bridge leads out of'} {{grids}}: {why}; "
        + ("unlock a grid beside it" if hemmed else _advice(bridge))
    )
    pair = None if bridge is None else bridge[2:]
    some = pair if pair is not None else tuple(map(int, np.flatnonzero(units)[:20]))
    kind = "locks" if hemmed else "cut_off"
    return Certificate(kind, message, tuple(map(int, here[:20])), some, j, c, figures, pair)


def _misfit(model: Model, grids: Ints, units: Bools) -> tuple[int | None, str, dict[str, Any]]:
    """The weight in which a region fits no number of the grids, in words and in figures.

    The weight is None where each of them fits some number, and no number fits all.
    """
    weight = model.W[units].sum(axis=0)
    if len(grids) == 0:
        return None, f"its {int(units.sum())} units have no grid to go to", {}
    low, high = least_and_most(model, grids)
    room = SLACK * np.maximum(weight, 1e-300)
    fits = (low <= weight + room) & (high >= weight - room)
    alone = np.flatnonzero(~fits.any(axis=0))
    if len(alone) == 0:
        numbers = [(np.flatnonzero(f) + 1).tolist() for f in fits.T[np.isfinite(model.tol)]]
        told = "; ".join(", ".join(map(str, n[:5])) + (" or more" if len(n) > 5 else "") for n in numbers)
        why = f"no number of grids fits all weights there at once (in turn they would fit {told})"
        return None, why, {"counts_that_fit": [n[:20] for n in numbers]}
    fewer = (low <= weight + room).sum(axis=0)
    most = np.where(fewer > 0, high[np.maximum(fewer, 1) - 1, np.arange(model.k)], 0.0)
    j = int(alone[np.argmax((weight[alone] - most[alone]) / model.target[grids][:, alone].mean(axis=0))])
    n = int(fewer[j])
    figures: dict[str, Any] = {"weight": float(weight[j]), "most": float(most[j])}
    sides = [f"too many for {'one grid' if n == 1 else f'{n} grids'} (at most {most[j]:g})"] if n else []
    if n < len(grids):
        figures["least"] = float(low[n, j])
        sides.append(f"too few for {f'{n + 1} grids' if n else 'one grid'} (at least {low[n, j]:g})")
    return j, f"the {weight[j]:g} {{weight}} there are {' and '.join(sides)}", figures


def _advice(bridge: _Way | None) -> str:
    if bridge is None:
        return "put in a bridge"
    return f"put in {'bridges, the first' if bridge[0] else 'a bridge, best'} between {{bridge}}"


def _bridge(model: Model, region: Ints, units: Bools, c: int, helps: Callable[[Bools], bool]) -> _Way | None:
    """The closest pair of a unit inside and one outside that a bridge should join; None without places.

    A region that ``helps`` when it is joined with these units (n,) is taken before one that does not.
    """
    if model.problem.xy is None:
        return None
    from scipy.spatial import cKDTree

    inside = np.flatnonzero(units)
    best: _Way | None = None
    for r in np.unique(region[(model.unit_class == c) & ~units & (region >= 0)]):
        outside = np.flatnonzero((region == r) & (model.unit_class == c))
        distance, index = cKDTree(model.problem.xy[outside]).query(model.problem.xy[inside])
        i = int(np.argmin(np.asarray(distance)))
        alone = not helps(units | (region == r))
        way = (alone, float(np.asarray(distance)[i]), int(inside[i]), int(outside[np.asarray(index)[i]]))
        best = way if best is None else min(best, way)
    return best
