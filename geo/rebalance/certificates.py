"""Why there is no plan within tolerance: reasons that are proofs, and what would help."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from geo.rebalance.bounds import Bound, counts_that_fit
from geo.rebalance.model import SLACK, Model
from geo.rebalance.parts import regions
from geo.rebalance.problem import Bools, Ints


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
    return f"{np.ceil(share * 1e4 - 1e-6) / 1e4:.4f}"


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
            fit = int(np.ceil(weight / (mean * (1 + model.tol[j])) - SLACK))
            side, limit = ("more", most) if weight > most else ("less", least)
            message = (
                f"class {{class}} has {weight:g} {{weight}}, {side} than the {limit:g} that its {len(grids)} "
                f"grids together {'may' if weight > most else 'must'} have; {max(1, fit)} grids with such "
                "targets would fit"
            )
            figures = {"weight": weight, "least": least, "most": most, "grids_that_fit": max(1, fit)}
            found.append(
                Certificate("class_total", message, tuple(map(int, grids)), (), int(j), int(c), figures)
            )
    return found


def _locks(model: Model, current: Ints) -> list[Certificate]:
    """Grids that locks hold above or below their limits."""
    found = []
    load = model.loads(current)
    locked = np.column_stack([np.bincount(current, w * model.fixed, model.G) for w in model.W.T])
    reach = _reachable_weight(model, current)
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
                group, held = int(model.grid_class[g]), np.flatnonzero(model.fixed & (current == g))
                held = held[np.argsort(-model.W[held, j], kind="stable")][: 0 if shut[g] else 20]
                found.append(
                    Certificate("locks", message, (int(g),), tuple(map(int, held)), int(j), group, figures)
                )
    for held_in, apart in _held_apart(model, current):
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


def _held_apart(model: Model, current: Ints) -> list[tuple[int, tuple[int, ...]]]:
    """Grids whose locked units lie in several parts of all that the grid could have; a unit of each."""
    found = []
    movable = ~model.fixed & _open(model, current)
    for g in np.unique(current[model.fixed & model.open_grids[current]]).tolist():
        held = np.flatnonzero(model.fixed & (current == g))
        piece = model.components(movable | (model.fixed & (current == g)))[held]
        first = np.unique(piece, return_index=True)[1]
        if len(first) > 1:
            found.append((int(g), tuple(int(u) for u in held[np.sort(first)][:20])))
    return found


def _reachable_weight(model: Model, current: Ints) -> np.ndarray:
    """Weight (G, k) that a grid with locked units could have at most: all free units connected with it."""
    out = np.full((model.G, model.k), np.inf)
    movable = ~model.fixed & (model.open_grids | ~model.remain)[current]
    for g in np.flatnonzero(model.open_grids):
        if not (model.fixed & (current == g)).any():
            continue
        inside = movable | (model.fixed & (current == g))
        piece = model.components(inside)
        mine = np.unique(piece[model.fixed & (current == g)])
        out[g] = model.W[inside & np.isin(piece, mine)].sum(axis=0)
    return out


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
            weight = model.W[units].sum(axis=0)
            fits.append(counts_that_fit(model, grids, weight) if len(grids) else [])
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
    smallest = region == names[int(np.argmin(sizes))]
    bridge = _bridge(model, region, smallest, grids, c)
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
    return Certificate("cut_off", message, few, lone[:20], group=c, figures=figures, bridge=bridge)


def _adds_up(fits: list[list[int]], total: int) -> bool:
    """Whether one count of each list can be chosen so that they add up to the total."""
    sums = {0}
    for counts in fits:
        sums = {s + k for s in sums for k in counts if s + k <= total}
    return total in sums


def _region_proof(
    model: Model, current: Ints | None, units: Bools, grids: Ints, c: int, hemmed: bool
) -> Certificate:
    """One region that fits no number of grids, with the nearest place where a bridge would help."""
    here = np.unique(current[units]) if current is not None else np.zeros(0, np.int64)
    here = here[model.remain[here]] if len(here) else here
    count = max(1, len(here))
    j = _tightest(model, grids, units, count) if len(grids) else 0
    weight = float(model.W[units, j].sum())
    mean = float(model.target[grids, j].mean()) if len(grids) else 0.0
    least, most = mean * (1 - float(model.tol[j])), mean * (1 + float(model.tol[j]))
    fewer = int(np.floor(weight / least + SLACK)) if least > 0 else 0
    figures: dict[str, Any] = {
        "weight": weight,
        "most": fewer * most,
        "least": (fewer + 1) * least,
        "grids_now": count,
    }
    region = regions(model, np.ones(model.n, bool) if current is None else _open(model, current))
    bridge = None if hemmed else _bridge(model, region, units, grids, c)
    why = "locked grids shut in" if hemmed else "no neighbour or bridge leads out of"
    message = (
        f"{why} {{grids}}: the {weight:g} {{weight}} there are too many for {fewer} grids "
        f"(at most {fewer * most:g}) and too few for {fewer + 1} (at least {(fewer + 1) * least:g}); "
        + ("unlock a grid beside it" if hemmed else _advice(bridge))
    )
    some = bridge if bridge is not None else tuple(map(int, np.flatnonzero(units)[:20]))
    kind = "locks" if hemmed else "cut_off"
    return Certificate(kind, message, tuple(map(int, here[:20])), some, j, c, figures, bridge)


def _advice(bridge: tuple[int, int] | None) -> str:
    return "put in a bridge" + ("" if bridge is None else ", best between {bridge}")


def _open(model: Model, current: Ints) -> Bools:
    """Units (n,) of grids that may give."""
    return np.asarray((model.open_grids | ~model.remain)[current], bool)


def _tightest(model: Model, grids: Ints, units: Bools, count: int) -> int:
    """The weight in which the region is furthest from fitting its present number of grids."""
    off = np.zeros(model.k)
    for j in np.flatnonzero(np.isfinite(model.tol)):
        mean = float(model.target[grids, j].mean())
        if mean > 0 and model.tol[j] > 0:
            off[j] = abs(float(model.W[units, j].sum()) / (count * mean) - 1) / model.tol[j]
    return int(np.argmax(off))


def _bridge(model: Model, region: Ints, units: Bools, grids: Ints, c: int) -> tuple[int, int] | None:
    """The closest pair of a unit inside and one outside that a bridge should join; None without places.

    A region with which the weight together fits some number of grids is taken before one with which it
    does not, then the nearer.
    """
    if model.problem.xy is None:
        return None
    from scipy.spatial import cKDTree

    inside = np.flatnonzero(units)
    best: tuple[bool, float, int, int] | None = None
    for r in np.unique(region[(model.unit_class == c) & ~units & (region >= 0)]):
        outside = np.flatnonzero((region == r) & (model.unit_class == c))
        weight = model.W[units].sum(axis=0) + model.W[outside].sum(axis=0)
        distance, index = cKDTree(model.problem.xy[outside]).query(model.problem.xy[inside])
        i = int(np.argmin(np.asarray(distance)))
        helps = bool(counts_that_fit(model, grids, weight))
        way = (not helps, float(np.asarray(distance)[i]), int(inside[i]), int(outside[np.asarray(index)[i]]))
        best = way if best is None else min(best, way)
    return None if best is None else best[2:]
