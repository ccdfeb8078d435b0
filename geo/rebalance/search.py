"""Annealing of border moves straight from a given plan, one independent part at a time.

E = moved weight + P * excess over the limits + price * load + mu * cut borders. The temperature falls from
about one mean unit weight and P rises; then all is cooled with a large P, aiming a little inside the
tolerance. Each grid's price follows its excess and its shortage all along (dual ascent), so that work
flows through grids that are within limits themselves, and P can stay soft while it is hot. What stays
outside is reheated with a larger P. Sweeps are counted, never the clock, so a seed gives one plan.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from geo.rebalance.control import Control
from geo.rebalance.kernel import anneal, list_borders
from geo.rebalance.model import Model
from geo.rebalance.parts import Part
from geo.rebalance.problem import Floats, Ints

SLICE = 400_000
"""Proposals between two looks at the stop sign: about 0.2 s."""
LEAST = 200
"""Proposals at one temperature, at least."""
LARGE = 200_000
"""Borders of a part, both ways, above which sweeps are fewer and shorter, and prices and aim stricter: what
takes the longest is to end within its limits."""
FIRM = 0.5
"""Where shape weighs more, heat and penalty rise with it, or the shape would freeze the search."""
YIELD, LEAST_SHAPE = 0.7, 0.15
"""Shape gives way to tolerance: its weight falls by this factor with each repair, down to the second."""


@dataclass(frozen=True)
class Schedule:
    """How long and how hot; temperatures in mean unit weights, ``mu`` likewise per mean border.

    ``hot`` and ``cool`` steps of one temperature, each with ``each`` proposals a border between two grids;
    ``step`` is how far prices rise, in move weight a weight, where a grid is off by its whole target.
    """

    hot: int
    cool: int
    mu: float
    each: float = 1.0
    start: float = 0.7
    middle: float = 0.3
    end: float = 0.02
    penalty: tuple[float, float, float] = (0.2, 3.0, 60.0)
    repairs: int = 10
    inside: float = 0.995
    near: int = 40
    step: float = 0.7

    def scaled(self, by: float) -> "Schedule":
        """The same road in fewer or more sweeps."""
        return replace(self, hot=max(4, int(self.hot * by)), cool=max(4, int(self.cool * by)))


@dataclass(eq=False)
class Outcome:
    """The best plan of a part: labels of its units, and how good it is (lower is better)."""

    labels: Ints
    feasible: bool
    worst: float
    excess: float
    energy: float
    moved: float
    violation: float
    cut: float

    @property
    def rank(self) -> tuple[bool, float, float, float]:
        """Feasible first, then by violation and excess, then by energy."""
        return (not self.feasible, self.worst, self.excess, self.energy)


@dataclass(eq=False)
class State:
    """The arrays that the compiled search works on; each task has its own."""

    labels: Ints
    load: Floats
    size: Ints
    moved: Floats
    mark: np.ndarray
    clock: np.ndarray
    queue: np.ndarray
    rng: np.ndarray
    first: np.ndarray
    back: np.ndarray
    live: np.ndarray
    place: np.ndarray
    count: int
    dear: Floats
    cheap: Floats
    best: Outcome | None = field(default=None)


def schedule_for(part: Part, mu: float) -> Schedule:
    """Small parts get more sweeps: they are cheap and their luck is larger."""
    borders = max(1, len(part.source))
    more = float(np.clip((100_000 / borders) ** 0.6, 2.0 if borders <= LARGE else 1.0, 8.0))
    plain = Schedule(hot=300, cool=150, mu=mu, each=more)
    if borders > LARGE:
        plain = replace(plain, hot=255, cool=128, inside=0.98, step=1.2)
    if mu <= FIRM:
        return plain
    return replace(plain, start=1.33 * mu, middle=0.4 * mu, penalty=(2 * mu, 27 * mu, 200 * mu))


def improve(
    model: Model, part: Part, labels: Ints, seed: tuple[int, ...], schedule: Schedule, control: Control,
    task: int = 0, budget: float = np.inf,
) -> Outcome:  # fmt: skip
    """The best plan found for a part, starting from ``labels`` (n,), where each grid is in one piece.

    ``task`` is its number in the progress that is told (below 0: not told).
    """
    state = state_of(model, part, labels, seed)
    keep(model, part, state, schedule.mu)
    if len(part.source) == 0:
        return best_of(state)
    low, high, top = schedule.penalty
    total = schedule.hot + schedule.cool
    weight = total * len(part.source) * schedule.each
    for i in range(schedule.hot):
        f = i / max(1, schedule.hot - 1)
        heat = schedule.start * (schedule.middle / schedule.start) ** f
        if not _sweep(
            model, part, state, schedule, control, heat, low * (high / low) ** f, schedule.near, budget
        ):
            return best_of(state)
        if task >= 0:
            control.note(task, i / total, weight)
    if not cool(model, part, state, schedule, control, schedule.cool, high, top, budget):
        return best_of(state)
    if task >= 0:
        control.note(task, 1.0, weight)
    for round_ in range(schedule.repairs):
        if best_of(state).feasible:
            break
        more = 2.0 ** (1 + round_ % 5)
        hotter = 1.0 + 0.5 * (round_ % 3)
        mu = min(schedule.mu, max(LEAST_SHAPE, schedule.mu * YIELD ** (round_ + 1)))
        again = replace(schedule, middle=schedule.middle * hotter, mu=mu)
        if not cool(
            model, part, state, again, control, max(20, schedule.cool // 2), high * more, top * more, budget
        ):
            break
    return best_of(state)


def keep(model: Model, part: Part, state: State, mu: float) -> None:
    """Remember the plan if it is the best so far."""
    feasible = bool(model.within(state.load)[part.grids].all())
    energy = float(state.moved[0] + mu * part.mean_unit * state.moved[1])
    best = state.best
    if best is not None and best.feasible and (not feasible or energy >= best.energy):
        return
    violation = float(model.violations(state.load)[part.grids].max())
    excess = 0.0 if feasible else float(model.excess(state.load)[part.grids].sum())
    worst = 0.0 if feasible else violation
    rank = (not feasible, worst, excess, energy)
    if best is None or (rank < best.rank and _within_reach(model, part, state)):
        moved, cut = float(state.moved[0]), float(state.moved[1])
        state.best = Outcome(state.labels[part.units], feasible, worst, excess, energy, moved, violation, cut)


def _within_reach(model: Model, part: Part, state: State) -> bool:
    """Whether every grid keeps a unit or gets its units from beside it; else no order of moves is legal."""
    mine = part.units
    home, now = model.home[mine], state.labels[mine]
    had = np.bincount(home[home >= 0], minlength=model.G) > 0
    stays = np.bincount(now[home == now], minlength=model.G) > 0
    for g in part.grids[had[part.grids] & ~stays[part.grids]]:
        inside = state.labels == g
        piece = model.components(inside, model.home)
        got = np.flatnonzero(inside)
        for name in np.unique(piece[got]):
            units = got[piece[got] == name]
            around = [model.indices[model.indptr[u] : model.indptr[u + 1]] for u in units]
            if not (model.home[np.concatenate(around)] == g).any():
                return False
    return True


def best_of(state: State) -> Outcome:
    """The best plan kept so far."""
    assert state.best is not None
    return state.best


def state_of(model: Model, part: Part, labels: Ints, seed: tuple[int, ...]) -> State:
    """What the compiled search works on, from a plan (n,)."""
    labels = labels.astype(np.int64).copy()
    mine = part.units
    away = mine[(model.home[mine] >= 0) & (labels[mine] != model.home[mine])]
    source = np.repeat(np.arange(model.n), np.diff(model.indptr))
    cut = float(model.cut[labels[source] != labels[model.indices]].sum() / 2)
    borders = len(part.source)
    live, place = np.zeros(borders, np.int32), np.zeros(borders, np.int32)
    return State(
        labels=labels,
        load=model.loads(labels),
        size=np.bincount(labels, minlength=model.G),
        moved=np.array([model.move[away].sum(), cut]),
        mark=np.zeros(model.n, np.int32),
        clock=np.zeros(1, np.int64),
        queue=np.zeros(model.n + 1, np.int32),
        rng=np.random.SeedSequence(list(seed)).generate_state(1, np.uint64),
        first=np.searchsorted(part.source, np.arange(model.n + 1)).astype(np.int32),
        back=_back(part, model.n),
        live=live,
        place=place,
        count=list_borders(part.source, part.sink, labels, live, place),
        dear=np.zeros((model.G, model.k)),
        cheap=np.zeros((model.G, model.k)),
    )


def relist(part: Part, state: State) -> None:
    """List the borders between two grids anew, after labels were changed by other means than annealing."""
    state.count = list_borders(part.source, part.sink, state.labels, state.live, state.place)


def _back(part: Part, n: int) -> np.ndarray:
    """Where each border of a part stands seen from the other side; -1 where it may not be crossed so."""
    key = part.source.astype(np.int64) * n + part.sink
    other = part.sink.astype(np.int64) * n + part.source
    at = np.minimum(np.searchsorted(key, other), max(0, len(key) - 1))
    return np.where(key[at] == other, at, -1).astype(np.int32) if len(key) else at.astype(np.int32)


def cool(
    model: Model, part: Part, state: State, schedule: Schedule, control: Control, sweeps: int, low: float,
    high: float, budget: float,
) -> bool:  # fmt: skip
    """Cool down with a rising penalty; False when stopped."""
    for i in range(sweeps):
        f = i / max(1, sweeps - 1)
        heat = schedule.middle * (schedule.end / schedule.middle) ** f
        if not _sweep(
            model, part, state, schedule, control, heat, low * (high / low) ** f, model.n + 1, budget
        ):
            return False
    return True


def _sweep(
    model: Model, part: Part, state: State, schedule: Schedule, control: Control, heat: float, penalty: float,
    limit: int, budget: float,
) -> bool:  # fmt: skip
    """A step at one temperature; False when stopped."""
    left = max(LEAST, int(state.count * schedule.each))
    unit = part.mean_unit
    if state.clock[0] > 2_000_000_000 - 4 * left:
        state.mark[:] = 0
        state.clock[0] = 0
    low, high, weight = _limits(model, schedule.inside)
    price = (state.dear - state.cheap) * weight
    while left > 0:
        now = min(left, SLICE)
        state.count = anneal(
            now, heat * unit, penalty, schedule.mu * unit, limit, budget, part.source, part.sink, state.first,
            state.back, state.live, state.place, state.count, state.labels, state.load, state.size,
            state.moved, model.home, model.move, model.W, low, high, weight, price, ~model.open_grids,
            model.indptr, model.indices, model.cut, state.mark, state.clock, state.queue, state.rng,
        )  # fmt: skip
        left -= now
        if control.stopped():
            keep(model, part, state, schedule.mu)
            return False
    refresh(model, part, state)
    _reprice(state, low, high, weight, model.scale, schedule.step)
    keep(model, part, state, schedule.mu)
    best = best_of(state)
    control.stand(
        part.number, best.feasible, best.violation, best.moved / max(float(model.move.sum()), 1e-300)
    )
    return True


def _limits(model: Model, inside: float) -> tuple[Floats, Floats, Floats]:
    """Limits (G, k) that are aimed at, and what a weight beyond them costs at penalty 1."""
    free = ~np.isfinite(model.tol) | ~(model.target > 0)
    aim = np.where(np.isfinite(model.tol), model.tol * inside, 0.0)
    low = np.where(free, -np.inf, model.target * (1 - aim))
    high = np.where(free, np.inf, model.target * (1 + aim))
    weight = np.divide(model.scale[:, None], model.target, out=np.zeros_like(low), where=~free)
    return low, high, weight


def _reprice(state: State, low: Floats, high: Floats, weight: Floats, scale: Floats, step: float) -> None:
    """Dual ascent: the load of a grid gets dearer while it has too much, and cheaper while too little."""
    by = step * weight / np.maximum(scale, 1e-300)[:, None]
    over = np.subtract(state.load, high, out=np.zeros_like(high), where=np.isfinite(high))
    under = np.subtract(low, state.load, out=np.zeros_like(low), where=np.isfinite(low))
    state.dear = np.maximum(0.0, state.dear + by * over)
    state.cheap = np.maximum(0.0, state.cheap + by * under)


def refresh(model: Model, part: Part, state: State) -> None:
    """Loads from scratch, so that rounding does not add up."""
    mine = state.labels[part.units]
    for j in range(model.k):
        state.load[part.grids, j] = np.bincount(mine, model.W[part.units, j], model.G)[part.grids]
