"""What a redraw is asked: the problem, checked when it is made."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Problem:
    """Units with weights, who borders whom, today's grids, and the rules of the redraw.

    Arrays are taken as anything numpy understands and kept normalised:

    - ``weights`` (n, k) float, finite, >= 0; a flat (n,) is one weight.
    - ``edges`` (m, 2) int: adjacent units. A barrier is an edge left out, a bridge an edge put in.
    - ``current`` (n,) int in 0..G-1: today's grid of each unit; None for grids from scratch.
    - ``n_grids`` G. A grid without units is a new one.
    - ``tolerance`` float or (k,): largest allowed abs(weight / target - 1); inf leaves a weight unbalanced.
    - ``edge_length`` (m,) shared border lengths, ``area`` and ``perimeter`` (n,) of units, ``xy`` (n, 2)
      places of units, all in one planar CRS in metres: for shape and for pointing at places.
    - ``target`` (G, k), else an equal share of the class total among the grids that remain.
    - ``dissolve`` (G,) bool: grids that are to end empty.
    - ``unit_class`` (n,) and ``grid_class`` (G,) int: a unit may only be in a grid of its class. A grid's
      class is that of its units; it must be given only for empty grids when there are several classes.
    - ``locked_units`` (n,) bool stay in their grid; ``locked_grids`` (G,) bool neither give nor receive.
    - ``move_weight``: the column whose moved share is minimised, capped and bounded.

    Raises InputError naming the argument and the first unit or grid (from 0) at fault.
    """

    weights: Floats
    edges: Ints
    current: Ints | None
    n_grids: int
    tolerance: Floats | float = 0.05
    edge_length: Floats | None = None
    xy: Floats | None = None
    area: Floats | None = None
    perimeter: Floats | None = None
    target: Floats | None = None
    dissolve: Bools | None = None
    unit_class: Ints | None = None
    grid_class: Ints | None = None
    locked_units: Bools | None = None
    locked_grids: Bools | None = None
    move_weight: int = 0

    def __post_init__(self) -> None:
        """Normalise and check every argument."""
        put = _Setter(self)
        weights = _floats("weights", self.weights)
        weights = weights[:, None] if weights.ndim == 1 else weights
        if weights.ndim != 2 or 0 in weights.shape:
            raise _bad(
                "weights",
                f"expected an (n, k) table with at least one unit and one weight, got {weights.shape}",
            )
        n, k = weights.shape
        _first("weights", ~np.isfinite(weights).all(axis=1), "has a weight that is not a finite number")
        _first("weights", (weights < 0).any(axis=1), "has a negative weight")
        put.weights = weights
        grids = self.n_grids
        if isinstance(grids, bool) or int(grids) != grids or grids < 1:
            raise _bad("n_grids", f"expected a whole number from 1, got {grids!r}")
        put.n_grids = grids = int(grids)
        self._check_edges(put, n)
        tolerance = np.broadcast_to(_floats("tolerance", self.tolerance), (k,)).copy()
        if np.isnan(tolerance).any() or (tolerance < 0).any():
            raise _bad("tolerance", "expected numbers from 0 (inf leaves a weight unbalanced)")
        put.tolerance = tolerance
        if not 0 <= int(self.move_weight) < k:
            raise _bad("move_weight", f"expected a column from 0 to {k - 1}, got {self.move_weight}")
        if weights[:, self.move_weight].sum() <= 0:
            raise _bad("move_weight", "all units weigh 0 there, so no share of it can be told")
        for name, shape in (("xy", (n, 2)), ("area", (n,)), ("perimeter", (n,))):
            if getattr(self, name) is not None:
                setattr(put, name, _shaped(name, _floats(name, getattr(self, name)), shape))
        for name, size in (("locked_units", n), ("locked_grids", grids), ("dissolve", grids)):
            given = getattr(self, name)
            flags = np.zeros(size, bool) if given is None else np.asarray(given)
            if flags.dtype != np.bool_ and not np.isin(flags, (0, 1)).all():
                raise _bad(name, "expected true or false for each")
            setattr(put, name, _shaped(name, flags.astype(bool), (size,)))
        unit_class = (
            np.zeros(n, np.int64) if self.unit_class is None else _ints("unit_class", self.unit_class)
        )
        put.unit_class = _shaped("unit_class", unit_class, (n,))
        if self.current is None:
            self._check_greenfield(put)
        else:
            self._check_current(put)
        self._check_target(put)

    def _check_edges(self, put: Any, n: int) -> None:
        """Each pair once, lower unit first, lengths of doubles added."""
        edges = _ints("edges", self.edges if np.size(self.edges) else np.zeros((0, 2), np.int64))
        if edges.ndim != 2 or edges.shape[1] != 2:
            raise _bad("edges", f"expected pairs of units (m, 2), got {edges.shape}")
        if len(edges) and (edges.min() < 0 or edges.max() >= n):
            raise _bad(
                "edges",
                f"unit {int(edges.max() if edges.min() >= 0 else edges.min())} is not one of 0 to {n - 1}",
            )
        same = edges[:, 0] == edges[:, 1]
        length = None
        if self.edge_length is not None:
            length = _shaped("edge_length", _floats("edge_length", self.edge_length), (len(edges),))
            _first("edge_length", ~(np.isfinite(length) & (length >= 0)), "has no length from 0", "edge")
            length = length[~same]
        edges = np.sort(edges[~same], axis=1)
        key, first, at = np.unique(edges[:, 0] * n + edges[:, 1], return_index=True, return_inverse=True)
        put.edges = edges[first]
        if length is not None:
            put.edge_length = np.bincount(at, length, len(key)).astype(np.float64)

    def _check_greenfield(self, put: Any) -> None:
        """Grids from scratch: nothing of today can be asked for; classes get their share of the grids."""
        for name in ("locked_units", "locked_grids", "dissolve"):
            if getattr(self, name).any():
                raise _bad(name, "needs the current grids, which are not given")
        n, grids = len(self.weights), self.n_grids
        if grids > n:
            raise _bad("n_grids", f"{grids} grids are more than the {n} units there are")
        if self.grid_class is None:
            kinds, at = np.unique(np.asarray(self.unit_class), return_inverse=True)
            count = share_grids(np.bincount(at, self.weights[:, 0]), np.bincount(at), grids)
            put.grid_class = np.repeat(kinds, count)
        else:
            put.grid_class = _shaped("grid_class", _ints("grid_class", self.grid_class), (grids,))
            missing = np.setdiff1d(np.asarray(self.unit_class), np.asarray(self.grid_class))
            if len(missing):
                raise _bad("grid_class", f"no grid has class {int(missing[0])}, which some units have")

    def _check_current(self, put: Any) -> None:
        """Today's grids: known, of one class each, and what is dissolved or locked is possible."""
        n, grids, unit_class = len(self.weights), self.n_grids, np.asarray(self.unit_class)
        put.current = current = _shaped("current", _ints("current", self.current), (n,))
        _first("current", (current < 0) | (current >= grids), f"has no grid from 0 to {grids - 1}")
        size = np.bincount(current, minlength=grids)
        first = np.full(grids, -1)
        first[current[::-1]] = np.arange(n)[::-1]
        own = unit_class[first]
        mixed = np.unique(current[unit_class != own[current]])
        if len(mixed):
            raise _bad(
                "current",
                f"{len(mixed)} grids mix classes, the first is grid {int(mixed[0])}",
                "mixed-classes",
            )
        if self.grid_class is not None:
            grid_class = _shaped("grid_class", _ints("grid_class", self.grid_class), (grids,))
            _first(
                "grid_class", (size > 0) & (own != grid_class), "differs from the class of its units", "grid"
            )
        else:
            kinds = np.unique(unit_class)
            empty = np.flatnonzero(size == 0)
            if len(kinds) > 1 and len(empty):
                raise _bad("grid_class", f"grid {int(empty[0])} is empty, so its class must be given")
            grid_class = np.where(size > 0, own, kinds[0])
        put.grid_class = grid_class
        dissolve, shut = np.asarray(self.dissolve), np.asarray(self.locked_grids)
        _first("dissolve", dissolve & shut, "is both locked and to be dissolved", "grid")
        held = np.asarray(self.locked_units) & dissolve[current]
        _first("locked_units", held, "is locked in a grid that is to be dissolved")
        _first("locked_grids", shut & (size == 0), "is locked and has no units", "grid")
        gone = np.setdiff1d(unit_class, grid_class[~dissolve])
        if len(gone):
            raise _bad("dissolve", f"no grid of class {int(gone[0])} would remain for its units")
        for c in np.unique(grid_class):
            here, there = int((unit_class == c).sum()), int((grid_class[~dissolve] == c).sum())
            if there > here:
                raise _bad("n_grids", f"class {int(c)} would have {there} grids and has only {here} units")

    def _check_target(self, put: Any) -> None:
        """Targets given, or equal shares; never 0 where a weight is balanced."""
        k, stay = self.weights.shape[1], ~np.asarray(self.dissolve)
        if self.target is None:
            target = np.zeros((self.n_grids, k))
            for c in np.unique(np.asarray(self.grid_class)):
                mine = stay & (self.grid_class == c)
                target[mine] = self.weights[self.unit_class == c].sum(axis=0) / max(1, mine.sum())
        else:
            target = _floats("target", self.target)
            target = _shaped(
                "target", target[:, None] if target.ndim == 1 else target, (self.n_grids, k)
            ).copy()
            target[~stay] = 0
        balanced = np.isfinite(np.asarray(self.tolerance))
        wrong = stay & ~(np.isfinite(target) & (target > 0) | ~balanced).all(axis=1)
        _first(
            "target", wrong, "has a target that is not a number above 0 (all its class may weigh 0)", "grid"
        )
        put.target = target


def share_grids(weight: npt.ArrayLike, units: npt.ArrayLike, grids: int) -> Ints:
    """``grids`` shared by weight: largest remainder, at least one each and no more than there are units.

    ``weight`` (c,) and ``units`` (c,) of the parts; returns (c,) counts that add up to ``grids``.
    Raises InputError when there are fewer grids than parts.
    """
    weight, units = np.asarray(weight, np.float64), np.asarray(units, np.int64)
    parts = len(weight)
    if grids < parts:
        raise _bad(
            "n_grids", f"{grids} grids are fewer than the {parts} classes or groups that need one each"
        )
    total = weight.sum()
    want = grids * (weight / total if total > 0 else np.full(parts, 1 / parts))
    count = np.clip(np.floor(want).astype(np.int64), 1, units)
    while count.sum() != grids:
        short = count.sum() < grids
        room = count < units if short else count > 1
        gain = np.where(room, want - count, -np.inf) if short else np.where(room, count - want, -np.inf)
        count[int(np.argmax(gain))] += 1 if short else -1
    return np.asarray(count, np.int64)


class _Setter:
    """Writes the fields of a frozen dataclass while it is being made."""

    def __init__(self, problem: Problem) -> None:
        object.__setattr__(self, "_problem", problem)

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(object.__getattribute__(self, "_problem"), name, value)


def _bad(argument: str, message: str, kind: str = "bad-problem") -> InputError:
    return InputError(f"{argument}: {message}", kind=kind)


def _first(argument: str, wrong: npt.ArrayLike, message: str, thing: str = "unit") -> None:
    """Refuse the argument if any is wrong, naming the first."""
    at = np.flatnonzero(np.asarray(wrong))
    if len(at):
        more = f" (and {len(at) - 1} more)" if len(at) > 1 else ""
        raise _bad(argument, f"{thing} {int(at[0])}{more} {message}")


def _floats(name: str, value: object) -> Floats:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise _bad(name, "expected numbers") from None


def _ints(name: str, value: object) -> Ints:
    given = np.asarray(value)
    if given.dtype.kind not in "iu" and not (given.dtype.kind == "f" and (given == np.floor(given)).all()):
        raise _bad(name, "expected whole numbers")
    return given.astype(np.int64)


def _shaped(name: str, value: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    if value.shape != shape:
        raise _bad(name, f"expected shape {shape}, got {value.shape}")
    return value
