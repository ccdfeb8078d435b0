"""Why there is no plan within tolerance: reasons that are proofs, and what would help."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from geo.rebalance.bounds import Bound, counts_that_fit, least_and_most
from geo.rebalance.model import SLACK, Model
from geo.rebalance.parts import regions
from geo.rebalance.problem import Bools, Floats, Ints

FEW = 8
"""Regions from which a bridge is looked for, smallest first."""
_Way = tuple[bool, float, int, int]
"""Whether the bridge is not enough, how long it is, and the units that it joins."""


@dataclass(frozen=True, eq=False)
class Certificate:
    """One reason. ``kind``: unit_too_heavy, class_total, cut_off, locks, cap, no_plan (proofs), or
    not_found.

    ``grids`` and ``units`` are numbers; ``weight`` is the column concerned and ``group`` the class (or
    None); ``figures`` has the numbers of the proof; ``bridge`` two units that a bridge should join.
    ``message`` is a sentence with ``{grids}``, ``{units}``, ``{class}``, ``{weight}`` and ``{bridge}`` where
    the names belong.
    """

    kind: str
    message: str
    grids: tuple[int, ...] = ()
    units: tuple[int, ...] = ()
    weight: int | None = None
    group: int | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    bridge: tuple[int, int] | None = None


def proofs(model: Model, current: Ints | None) -> list[Certificate]:
    """Every reason found that proves that no plan within tolerance exists; empty if none is known."""
    found = _heavy_units(model) + _class_totals(model)
    if current is not None:
        found += _locks(model, current)
    total = {c.group for c in found if c.kind == "class_total"}
    return found + [c for c in _regions(model, current) if c.group not in total]


def cap_proof(bound: Bound, max_moved: float | None, enough: float | None = None) -> list[Certificate]:
    """The cap, if the bound proves that it is too low; ``enough``: the share of a plan known without it."""
    if max_moved is None or bound.share <= max_moved + SLACK:
        return []
    message = (
        f"at least {bound.share:.2%} of the work has to move, and at most {max_moved:.2%} may; "
        f"allow {_up(bound.share)} or more"
    )
    figures = {"least": float(bound.share), "most": float(max_moved), "enough": enough}
    if enough is not None:
        message += f" ({_up(enough)} is enough)"
    return [Certificate("cap", message, figures=figures)]


def _up(share: float) -> str:
    """A share in four decimals, rounded up, so that whoever allows it allows enough."""
    return f"{np.ceil(share * 1e4 + 1e-9) / 1e4:.4f}"


def no_plan(model: Model, c: int) -> Certificate:
    """A class of which every plan was ruled out."""
    grids = np.flatnonzero((model.grid_class == c) & model.open_grids)
    units = int((model.unit_class == c).sum())
    message = (
        f"no way to share the {units} units of class {{class}} among its {len(grids)} grids keeps each "
        "in one piece and within tolerance (all were ruled out); allow more tolerance, fewer locks, "
        "smaller units or another bridge"
    )
    return Certificate("no_plan", message, tuple(map(int, grids)), group=c, figures={"units_of_class": units})


def not_found(
    model: Model,
    labels: Ints,
    max_moved: float | None,
    moved: float,
    stopped: str | None,
    enough: float | None = None,
) -> Certificate:
    """The general reason: nothing proves it impossible, but no plan was found."""
    worst = model.violations(model.loads(labels))
    pieces = model.pieces(labels)
    off = np.flatnonzero(((worst > 1) | (pieces > 1) | (pieces == 0)) & model.remain)
    off = off[np.argsort(-worst[off], kind="stable")]
    within = "the time given" if stopped else "the search's limits"
    cap = f" with at most {max_moved:.2%} moved" if max_moved is not None else ""
    message = (
        f"no plan within tolerance was found within {within}{cap}; {len(off)} grids stay outside: "
        "{grids}; allow more tolerance, time or moves, or fewer locks"
    )
    figures = {"violation": min(float(worst.max()), 1e300), "moved": moved}
    if enough is not None:
        message += f"; a plan that moves {enough:.2%} is within tolerance, so allow {_up(enough)}"
        figures["enough"] = enough
    return Certificate("not_found", message, grids=tuple(int(g) for g in off[:20]), figures=figures)


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


def _locks(model: Model, current: Ints) -> list[Certificate]:
    """Grids that locks hold above or below their limits."""
    found = []
    load = model.loads(current)
    locked = np.column_stack([np.bincount(current, w * model.fixed, model.G) for w in model.W.T])
    held = _held(model, current)
    reach = held.reach
    shut = np.asarray(model.problem.locked_grids)
    has_lock = shut | (np.bincount(current, model.fixed, model.G) > 0)
    for g in np.flatnonzero(model.remain):
        for j in np.flatnonzero(np.isfinite(model.tol)):
            most, least = float(model.high[g, j]), float(model.low[g, j])
            name, limit = "", 0.0
            if shut[g] and not least * (1 - SLACK) <= load[g, j] <= most * (1 + SLACK):
                name, limit, has = "the grid is locked", most if load[g, j] > most else least, load[g, j]
            elif not shut[g] and locked[g, j] > most * (1 + SLACK):
                name, limit, has = "its locked units alone are above that", most, locked[g, j]
            elif not shut[g] and reach[g, j] < least * (1 - SLACK) and (has_lock[g] or model.fixed.any()):
                name, limit, has = "no more can reach it past the locks", least, reach[g, j]
            if name:
                message = (
                    f"grid {{grids}} has {has:g} {{weight}} and its limit is {limit:g}: {name}; "
                    "unlock units there, or the grid"
                )
                figures = {"weight": float(has), "least": least, "most": most}
                group, locks = int(model.grid_class[g]), np.flatnonzero(model.fixed & (current == g))
                locks = locks[np.argsort(-model.W[locks, j], kind="stable")][: 0 if shut[g] else 20]
                found.append(
                    Certificate("locks", message, (int(g),), tuple(map(int, locks)), int(j), group, figures)
                )
    for held_in, apart in _apart(held):
        message = (
            "grid {grids} cannot be in one piece: its locked units {units} lie in parts that do not touch; "
            "unlock all but one part, or put in a bridge"
        )
        found.append(Certificate("locks", message, (held_in,), apart, group=int(model.grid_class[held_in])))
    if shut.any():
        pieces = model.pieces(current)
        for g in np.flatnonzero(shut & (pieces > 1)):
            message = (
                f"grid {{grids}} is locked and in {int(pieces[g])} pieces; unlock it so that it can be mended"
            )
            found.append(Certificate("locks", message, (int(g),), figures={"pieces": int(pieces[g])}))
    return found


@dataclass(frozen=True, eq=False)
class _Held:
    """Locked units of open grids: ``units`` (h,), their ``grid``, and which are in one ``piece`` of all that
    their grid could have; ``reach`` (G, k) is the weight of that, inf for grids without locked units.
    """

    units: Ints
    grid: Ints
    piece: Ints
    reach: Floats


def _held(model: Model, current: Ints) -> _Held:
    """What locked units hold together, for all grids at once.

    A grid could have its locked units and all free land that touches them. Free land is the same for every
    grid, so its components are found once, and each is a node of its own for each grid that touches it.
    """
    free = ~model.fixed & _open(model, current)
    land = model.components(free)
    units = np.flatnonzero(model.fixed & model.open_grids[current])
    node = np.full(model.n, -1)
    node[units] = np.arange(len(units))
    both = np.vstack([model.edges, model.edges[:, ::-1]])
    held, other = both[node[both[:, 0]] >= 0].T
    grid = current[held]
    together = (node[other] >= 0) & (current[other] == grid)
    touching = free[other]
    keys, at = np.unique(grid[touching] * model.n + land[other[touching]], return_inverse=True)
    rows = np.concatenate([node[held[together]], node[held[touching]]])
    columns = np.concatenate([node[other[together]], len(units) + at])
    size = len(units) + len(keys)
    graph = coo_matrix((np.ones(len(rows), np.int8), (rows, columns)), shape=(size, size))
    piece = connected_components(graph, directed=False)[1][: len(units)].astype(np.int64)
    reach = np.full((model.G, model.k), np.inf)
    mine = np.unique(current[units])
    for j, w in enumerate(model.W.T):
        of_land = np.bincount(land[free], w[free], model.n)
        own = np.bincount(current[units], w[units], model.G)
        reach[mine, j] = (own + np.bincount(keys // model.n, of_land[keys % model.n], model.G))[mine]
    return _Held(units, current[units], piece, reach)


def _apart(held: _Held) -> list[tuple[int, tuple[int, ...]]]:
    """Grids whose locked units lie in several pieces of all that the grid could have; a unit of each."""
    found = []
    for g in np.unique(held.grid).tolist():
        mine = held.grid == g
        first = np.unique(held.piece[mine], return_index=True)[1]
        if len(first) > 1:
            found.append((int(g), tuple(int(u) for u in held.units[mine][np.sort(first)][:20])))
    return found


def _regions(model: Model, current: Ints | None) -> list[Certificate]:
    """Connected regions of a class that no number of its grids can share within the limits."""
    found = []
    inside = np.ones(model.n, bool) if current is None else _open(model, current)
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
    region = regions(model, np.ones(model.n, bool) if current is None else _open(model, current))
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


def _open(model: Model, current: Ints) -> Bools:
    """Units (n,) of grids that may give."""
    return np.asarray((model.open_grids | ~model.remain)[current], bool)


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
