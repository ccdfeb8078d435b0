"""Grids from scratch: first plans by bisection, then annealing on the number of cut borders.

Few grids: chains of annealing, each link begun by a kick (two grids joined and parted anew), until most of
the chains agree. Many grids: one long road of annealing, then such chains on groups of three neighbouring
grids. All work is counted in proposals, never by the clock.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from geo.rebalance import greenfield
from geo.rebalance.chains import Chain, Heat, Walker, chain_of, score
from geo.rebalance.control import Control
from geo.rebalance.model import Model
from geo.rebalance.parts import Part, parts_of
from geo.rebalance.patches import Patch, patch_of
from geo.rebalance.problem import Bools, Ints
from geo.rebalance.runs import How, settle

FEW, SMALL = 8, 500
"""Up to so many grids, or so many units, are searched as a whole."""
CHAINS, LINKS, ROUNDS = 8, 8, 10
"""Chains of a part of few grids, links a round (the first has one, so that a plan is there early), and most
rounds."""
CHEAP, MORE_ROUNDS = 150, 40
"""Up to so many units a part gets so many rounds, once it has a plan within its limits."""
AGREED = 0.75
"""Share of the chains that must have found the best plan for the search to end early."""
EACH, LEAST, MOST = 1_000, 10_000, 1_000_000
"""Proposals a unit of a link, and the least and most."""
ROADS = (Heat(0), Heat(0, hot=4.0), Heat(0, cold=0.5), Heat(0, hot=3.0, loose=0.02, firm=5.0))
"""Roads that the links take in turn: which is best depends on how fine the units are."""
FIRM = 1.0
"""Weight of the shape, in mean unit weights a border, where a part is recombined to get within its limits."""
WARMTH = 1.0
"""Temperature, in cut borders, at which a link may end worse than the one before."""

LONG, LONGEST = 3_000, 80_000_000
"""Proposals a unit of the long road, and the most."""
GROUP, GROUP_LINKS, GROUP_ROUNDS = 3, 4, 40
"""Grids of a group, links a round, most rounds."""
BUDGET = 500_000_000
"""Most proposals of all groups."""
WORTH, PATIENCE = 1e-3, 3
"""The search ends after so many rounds that shorten the borders by a smaller share than this."""


@dataclass(frozen=True)
class Wish:
    """How to search: the seed, a factor on the work, and whether borders count by length or one each."""

    seed: int
    effort: float
    by_length: bool
    hopeless: bool


def from_scratch(model: Model, wish: Wish, control: Control) -> Ints:
    """Connected grids (n,) within their limits, if they can be, with few cut borders.

    ``hopeless``: known to be infeasible, so one round must do.
    """
    rng = np.random.default_rng([wish.seed, 2])
    labels = control.run([partial(greenfield.first_plan, model, rng, control.stopped)])[0]
    parts = [p for p in parts_of(model, labels) if len(p.grids) > 1]
    few = [p for p in parts if len(p.grids) <= FEW or len(p.units) <= SMALL]
    many = [p for p in parts if len(p.grids) > FEW and len(p.units) > SMALL]
    if few:
        _by_chains(model, few, labels, wish, control)
    for part in many:
        _by_road(model, part, labels, wish, control)
        _by_groups(model, part, labels, wish, 0, control)
    within = model.within(model.loads(labels))
    off = [] if wish.hopeless else [p for p in many if not within[p.grids].all()]
    # where several weights conflict, whole stretches have to change hands
    settle(model, off, [np.inf] * model.G, labels, How(wish.seed, FIRM, wish.effort), control)
    for part in off:
        _by_groups(model, part, labels, wish, 1, control)
    return labels


def _by_chains(model: Model, parts: list[Part], labels: Ints, wish: Wish, control: Control) -> None:
    """Search, in place, parts of few grids as a whole."""
    patches = [patch_of(model, labels, p.grids, wish.by_length) for p in parts]
    chains = [[chain_of(p, labels) for _ in range(CHAINS)] for p in patches]
    rounds = 1 if wish.hopeless else max(1, round(MORE_ROUNDS * wish.effort))
    live = list(range(len(parts)))
    for r in range(rounds):
        links = LINKS if r else 1
        tasks: list[Callable[[], None]] = [
            partial(_links, patches[i], chain, (wish.seed, parts[i].number, r, c), links, r == 0, control)
            for i in live
            for c, chain in enumerate(chains[i])
        ]
        control.run(tasks, counted=False)
        control.note(0, (r + 1) / rounds, 1.0)
        before = live
        late = r + 1 >= ROUNDS * wish.effort
        live = [i for i in live if not (_agreed(chains[i]) or (late and not _cheap(patches[i], chains[i])))]
        for i in before:
            best = min(chains[i], key=lambda c: c.rank)
            labels[patches[i].units] = patches[i].grids[best.best]
        if model.within(model.loads(labels)).all():
            control.feasible_now()
        if not live or control.look():
            return


def _cheap(patch: Patch, chains: list[Chain]) -> bool:
    """Whether more rounds cost little and improve a plan that is within its limits."""
    return len(patch.units) <= CHEAP and min(c.rank[0] for c in chains) == 0


def _agreed(chains: list[Chain]) -> bool:
    best = min(c.cut for c in chains)
    return np.isfinite(best) and sum(c.cut <= best + 1e-7 for c in chains) >= AGREED * len(chains)


def _by_road(model: Model, part: Part, labels: Ints, wish: Wish, control: Control) -> None:
    """Search, in place, a part of many grids along one long road."""
    patch = patch_of(model, labels, part.grids, wish.by_length)
    proposals = int(min(LONGEST, LONG * len(patch.units)) * wish.effort)
    starts = [chain_of(patch, labels) for _ in range(2)]
    roads: list[Callable[[], None]] = [
        partial(_road, patch, chain, (wish.seed, part.number, s, 4), Heat(proposals), control)
        for s, chain in enumerate(starts)
    ]
    control.run(roads, counted=False)
    best = min(starts, key=lambda c: c.rank)
    labels[patch.units] = patch.grids[best.best]
    if model.within(model.loads(labels)).all():
        control.feasible_now()


def _by_groups(model: Model, part: Part, labels: Ints, wish: Wish, turn: int, control: Control) -> None:
    """Search, in place, groups of neighbouring grids of a part; each ``turn`` has luck of its own."""
    patch = patch_of(model, labels, part.grids, wish.by_length)
    rng = np.random.default_rng([wish.seed, part.number, 5, turn])
    budget, idle = BUDGET * wish.effort, 0
    rounds = 1 if wish.hopeless else GROUP_ROUNDS
    for r in range(rounds):
        if control.look() or budget <= 0 or idle >= PATIENCE:
            return
        groups = _groups(patch, labels[patch.units], rng)  # by the model's numbers
        patches = [patch_of(model, labels, g, wish.by_length) for g in groups]
        chains = [chain_of(p, labels) for p in patches]
        before = _sum(chains)
        tasks: list[Callable[[], None]] = [
            partial(_links, p, c, (wish.seed, part.number, turn, r, i, 6), GROUP_LINKS, False, control)
            for i, (p, c) in enumerate(zip(patches, chains, strict=True))
        ]
        control.run(tasks, counted=False)
        for p, c in zip(patches, chains, strict=True):
            labels[p.units] = p.grids[c.best]
        budget -= GROUP_LINKS * sum(_proposals(p) for p in patches)
        after = _sum(chains)
        whole = score(patch, np.searchsorted(patch.grids, labels[patch.units]))[1]
        better = after[0] < before[0] or before[1] - after[1] > WORTH * whole
        idle = 0 if better else idle + 1
        control.note(turn, (r + 1) / rounds, 1.0)
        if model.within(model.loads(labels)).all():
            control.feasible_now()


def _road(patch: Patch, chain: Chain, seed: tuple[int, ...], heat: Heat, control: Control) -> None:
    Walker(patch, chain, seed).anneal(heat, control)


def _links(
    patch: Patch, chain: Chain, seed: tuple[int, ...], links: int, fresh: bool, control: Control
) -> None:
    """Go on with a chain, in place; ``fresh``: from a start of its own."""
    walker = Walker(patch, chain, seed)
    draw = np.random.default_rng(seed)
    for link in range(links):
        labels, (excess, cut) = chain.labels.copy(), chain.now
        first = fresh and link == 0
        for _ in range(2 * len(patch.grids) if first else 1):
            walker.kick()
        road = replace(ROADS[(link + seed[-1]) % len(ROADS)], proposals=_proposals(patch))
        if not walker.anneal(road, control):
            return
        worse = np.inf if chain.now[0] > 0 else chain.now[1] - cut
        if not first and excess == 0 and draw.random() >= np.exp(-max(worse, 0.0) / WARMTH):
            walker.back_to(labels)


def _proposals(patch: Patch) -> int:
    return int(np.clip(EACH * len(patch.units), LEAST, MOST))


def _sum(chains: list[Chain]) -> tuple[float, float]:
    return sum(c.rank[0] for c in chains), sum(c.rank[1] for c in chains)


def _is_cut(patch: Patch, labels: Ints) -> Bools:
    return np.asarray(labels[patch.source] != labels[patch.indices], bool)


def _groups(patch: Patch, labels: Ints, rng: np.random.Generator) -> list[Ints]:
    """Disjoint groups of up to three neighbouring grids, in an order drawn anew each round."""
    cut = _is_cut(patch, labels)
    pairs = np.unique(np.column_stack([labels[patch.source[cut]], labels[patch.indices[cut]]]), axis=0)
    near: dict[int, list[int]] = {}
    for a, b in pairs.tolist():
        near.setdefault(a, []).append(b)
    free = set(near)
    groups = []
    for g in rng.permutation(sorted(free)).tolist():
        if g not in free:
            continue
        free.discard(g)
        group = [g]
        while len(group) < GROUP:
            beside = sorted({b for a in group for b in near[a] if b in free})
            if not beside:
                break
            group.append(beside[int(rng.integers(len(beside)))])
            free.discard(group[-1])
        if len(group) > 1:
            groups.append(np.sort(np.array(group, np.int64)))
    return groups
