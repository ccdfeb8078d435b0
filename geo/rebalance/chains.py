"""Chains of annealing on a patch, each link begun by a kick, the best plan always kept."""

from dataclasses import dataclass

import numpy as np

from geo.rebalance.borders import part_anew, shorten
from geo.rebalance.control import Control
from geo.rebalance.patches import Patch
from geo.rebalance.problem import Floats, Ints

SLICE = 500_000
"""Proposals between two looks at the stop sign: about 0.1 s."""
NEAR = 60
"""Units that a test of contiguity may visit while hot; it is complete when cold."""
COLD_FROM = 0.7


@dataclass(frozen=True)
class Heat:
    """A road of annealing: temperatures in cut borders, penalties of a unit's excess, proposals."""

    proposals: int
    hot: float = 2.0
    cold: float = 0.25
    loose: float = 0.3
    firm: float = 10.0


@dataclass(eq=False)
class Chain:
    """A plan (n,) of a patch on its way, and the best one so far; each with its excess and cut borders."""

    labels: Ints
    now: tuple[float, float]
    best: Ints
    rank: tuple[float, float]

    @property
    def cut(self) -> float:
        """Cut borders of the best plan, inf where it is not within the limits."""
        return self.rank[1] if self.rank[0] == 0 else np.inf


def chain_of(patch: Patch, labels: Ints) -> Chain:
    """A chain that begins with a plan (n,) of the whole model."""
    own = np.searchsorted(patch.grids, labels[patch.units])
    rank = score(patch, own)
    return Chain(own, rank, own.copy(), rank)


def score(patch: Patch, labels: Ints) -> tuple[float, float]:
    """Excess over the limits, at the patch's prices, and cut borders of a plan of the patch."""
    cut = labels[patch.source] != labels[patch.indices]
    return excess_of(patch, loads_of(patch, labels)), float(patch.cut[cut].sum() / 2)


class Walker:
    """Scratch arrays of one chain at work."""

    def __init__(self, patch: Patch, chain: Chain, seed: tuple[int, ...]):
        n, k, g = len(patch.units), patch.W.shape[1], len(patch.grids)
        slots = len(patch.indices)
        self.patch, self.chain = patch, chain
        self.border, self.place = np.zeros(slots, np.int32), np.zeros(slots, np.int32)
        self.count = np.zeros(1, np.int64)
        self.load, self.size, self.value = np.zeros((g, k)), np.zeros(g, np.int64), np.zeros(2)
        self.mark, self.clock = np.zeros(n, np.int32), np.zeros(1, np.int64)
        self.queue = np.zeros(n + 1, np.int32)
        self.order, self.parent = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self.front, self.via = np.zeros(slots + n + 1, np.int64), np.zeros(slots + n + 1, np.int64)
        self.below = np.zeros((n, k))
        self.rng = np.random.SeedSequence(list(seed)).generate_state(1, np.uint64)
        self.refresh()

    def refresh(self) -> None:
        """Borders, loads and energy anew from the labels."""
        p, labels = self.patch, self.chain.labels
        slots = np.flatnonzero(labels[p.source] != labels[p.indices])
        self.place[:] = -1
        self.place[slots] = np.arange(len(slots))
        self.border[: len(slots)] = slots
        self.count[0] = len(slots)
        self.size[:] = np.bincount(labels, minlength=len(p.grids))
        self.load[:] = loads_of(p, labels)
        self.value[:] = p.cut[slots].sum() / 2, excess_of(p, self.load)
        self.chain.now = float(self.value[1]), float(self.value[0])
        if self.clock[0] > 1_500_000_000:
            self.mark[:] = 0
            self.clock[0] = 0

    def kick(self) -> None:
        """Join and part two neighbouring grids anew."""
        p = self.patch
        part_anew(
            self.chain.labels, self.load, self.size, p.W, p.target, p.tol, p.price, p.indptr, p.indices,
            p.source, self.border, self.count, self.mark, self.clock, self.order, self.parent, self.front,
            self.via, self.below, self.rng,
        )  # fmt: skip
        self.refresh()

    def anneal(self, heat: Heat, control: Control) -> bool:
        """One road of annealing, to the best plan on it that is within the limits; False when stopped."""
        p, chain = self.patch, self.chain
        slices = max(1, -(-heat.proposals // SLICE))
        best, least = chain.labels.copy(), np.array([np.inf])
        for i in range(slices):
            f, t = i / slices, (i + 1) / slices
            shorten(
                heat.proposals // slices, _between(heat.hot, heat.cold, f), _between(heat.hot, heat.cold, t),
                _between(heat.loose, heat.firm, f), _between(heat.loose, heat.firm, t),
                NEAR if t < COLD_FROM else len(p.units) + 1, chain.labels, self.load, self.size, self.value,
                p.W, p.target, p.tol, p.price, p.indptr, p.indices, p.source, p.back, p.cut, self.border,
                self.place, self.count, best, least, self.mark, self.clock, self.queue, self.rng,
            )  # fmt: skip
            self.refresh()
            if control.stopped():
                break
        if least[0] < np.inf:
            chain.labels[:] = best
            self.refresh()
        if chain.now < chain.rank:
            chain.best, chain.rank = chain.labels.copy(), chain.now
        return not control.stopped()

    def back_to(self, labels: Ints) -> None:
        """Go on from an earlier plan of the patch."""
        self.chain.labels[:] = labels
        self.refresh()


def loads_of(patch: Patch, labels: Ints) -> Floats:
    """Weight (g, k) of each grid."""
    return np.column_stack([np.bincount(labels, w, len(patch.grids)) for w in patch.W.T])


def excess_of(patch: Patch, load: Floats) -> float:
    """What loads (g, k) are beyond their limits, at the patch's prices."""
    off = np.abs(load - patch.target) - patch.tol * patch.target
    share = np.divide(off, patch.target, out=np.zeros_like(off), where=off > 1e-10 * patch.target)
    return float((share * patch.price).sum())


def _between(first: float, last: float, f: float) -> float:
    return first * float((last / first) ** f)
