"""Which rule decides the grid of an account: the precedence of a plane, over whole columns at once.

A plane names some of the rules, in its order. The first of them that has an answer for an account decides
it. Everything here is arithmetic on columns: where the answers of the single rules come from (locks, lists,
the locator, the region of doubt) is the caller's business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import InputError


class Rule(StrEnum):
    """The rules a plane may use."""

    LOCK = "lock"
    NAMED_LIST = "named_list"
    CLUSTER = "cluster"
    BUILDING = "building"
    POINT = "point"
    REGION = "region"


class Status(StrEnum):
    """What became of an account in a plane."""

    ASSIGNED = "assigned"
    OUTSIDE = "outside"
    QUARANTINED = "quarantined"
    UNCOVERED = "uncovered"
    UNASSIGNED = "unassigned"


class Reason(StrEnum):
    """Why a status is what it is; finer than the rule, for evidence and work lists."""

    LOCK = "lock"
    NAMED_LIST = "named_list"
    CLUSTER = "cluster"
    BUILDING = "building"
    POINT = "point"
    TIE_BUILDING = "tie_building"
    TIE_LOWEST_CODE = "tie_lowest_code"
    REGION = "region"
    NOT_COVERED = "not_covered"
    NO_RULE = "no_rule"
    NO_PLACE = "no_place"
    NO_GRID_HERE = "no_grid_here"
    REGION_CROSSES = "region_crosses"
    DISTRICT = "district"


RULES: tuple[Rule, ...] = tuple(Rule)
STATUSES: tuple[Status, ...] = tuple(Status)
REASONS: tuple[Reason, ...] = tuple(Reason)
_RULE = {rule: np.int8(i) for i, rule in enumerate(RULES)}
_STATUS = {status: np.int8(i) for i, status in enumerate(STATUSES)}
_REASON = {reason: np.int8(i) for i, reason in enumerate(REASONS)}
_STATUS_OF: dict[Reason, Status] = {
    Reason.NOT_COVERED: Status.UNCOVERED,
    Reason.NO_RULE: Status.UNASSIGNED,
    Reason.NO_PLACE: Status.UNASSIGNED,
    Reason.NO_GRID_HERE: Status.OUTSIDE,
    Reason.REGION_CROSSES: Status.QUARANTINED,
    Reason.DISTRICT: Status.QUARANTINED,
}
_STATUS_BY_REASON = np.array(
    [_STATUS[_STATUS_OF.get(reason, Status.ASSIGNED)] for reason in REASONS], np.int8
)


@dataclass(frozen=True)
class Facts:
    """What each rule says of n accounts: columns of length n. Grids are int32 row numbers, -1 for none."""

    covered: NDArray[np.bool_]
    """The plane is for this customer (segment, tier, net status)."""
    lock: NDArray[np.int32]
    named_list: NDArray[np.int32]
    cluster: NDArray[np.int32]
    building: NDArray[np.int32]
    """The grid of the account's building."""
    has_building: NDArray[np.bool_]
    placed: NDArray[np.bool_]
    """The account has a usable place."""
    coarse: NDArray[np.bool_]
    """The geocode is coarser than a building: street, road, village, district, or a region was given."""
    district: NDArray[np.bool_]
    """The geocode says no more than a district: no place rule may use it."""
    point: NDArray[np.int32]
    """The grid that the locator finds at the place; the lowest code on a shared edge."""
    tie: NDArray[np.bool_]
    """The place is on an edge that two grids or more share."""
    region: NDArray[np.int32]
    """The one grid that holds the whole region of doubt."""

    def __post_init__(self) -> None:
        lengths = {field.name: np.shape(getattr(self, field.name)) for field in fields(self)}
        if len(set(lengths.values())) != 1 or len(lengths["covered"]) != 1:
            raise InputError(
                f"columns of facts have shapes {lengths}; one row per account in each was expected",
                kind="bad-shape",
            )

    def __len__(self) -> int:
        return len(self.covered)

    @classmethod
    def of(cls, n: int, **columns: Any) -> "Facts":
        """Facts of n accounts; a column that is not given is false, or no grid (``covered``: true)."""
        unknown = set(columns) - {field.name for field in fields(cls)}
        if unknown:
            raise TypeError(f"no such facts: {', '.join(sorted(unknown))}")
        flags = ("has_building", "placed", "coarse", "district", "tie")
        grids = ("lock", "named_list", "cluster", "building", "point", "region")
        defaults: dict[str, Any] = {name: np.zeros(n, bool) for name in flags}
        defaults |= {name: np.full(n, -1, np.int32) for name in grids}
        defaults["covered"] = np.ones(n, bool)
        return cls(**{k: np.asarray(columns.get(k, v), dtype=v.dtype) for k, v in defaults.items()})


@dataclass(frozen=True)
class Decision:
    """The outcome of ``decide``: columns of length n."""

    status: NDArray[np.int8]
    """Index into ``STATUSES``."""
    rule: NDArray[np.int8]
    """Index into ``RULES``, -1 where no rule decided."""
    grid: NDArray[np.int32]
    """-1 unless assigned."""
    tie: NDArray[np.bool_]
    """Assigned by its place or building, and the place is on a shared edge."""
    reason: NDArray[np.int8]
    """Index into ``REASONS``."""


@dataclass(frozen=True)
class Step:
    """One line of an explanation."""

    rule: Rule | None
    outcome: str
    """``decided``, ``passed`` (the rule has no answer) or ``not reached``; for the last line the status."""
    text: str


def parse_rules(names: Sequence[str]) -> tuple[Rule, ...]:
    """The rules of a plane by name, in order. InputError (``unknown-rule``) on a wrong or second name."""
    rules: list[Rule] = []
    for name in names:
        if name not in RULES:
            raise InputError(
                f"unknown rule {name!r}; a plane's rules are some of {', '.join(RULES)}", kind="unknown-rule"
            )
        if name in rules:
            raise InputError(f"the rule {name} is given twice; give each rule once", kind="unknown-rule")
        rules.append(Rule(name))
    return tuple(rules)


def decide(rules: Sequence[Rule], facts: Facts) -> Decision:
    """Grid, status and reason of n accounts in a plane.

    ``rules`` in the plane's order. Shapes and meaning of the columns as in ``Facts`` and ``Decision``.

    - Not covered by the plane: ``uncovered``, whatever else is known.
    - ``lock``, ``named_list``, ``cluster`` and ``building`` decide where they name a grid.
    - ``point`` decides an exact place inside a grid. On a shared edge the account goes to its building's grid
      when there is one, whether or not the plane uses the rule ``building``, else to the lowest code.
    - ``region`` decides a coarse place whose whole region of doubt lies in one grid; never a district.
    - Else: an exact place that no grid covers is ``outside``, a coarse one is ``quarantined`` (in a plane
      with a rule for places), and anything else is ``unassigned``.
    """
    n = len(facts)
    exact = facts.placed & ~facts.coarse & ~facts.district
    doubtful = facts.placed & (facts.coarse | facts.district)
    tied = exact & facts.tie
    tie_to_building = tied & facts.has_building & (facts.building >= 0)
    answers = {
        Rule.LOCK: facts.lock,
        Rule.NAMED_LIST: facts.named_list,
        Rule.CLUSTER: facts.cluster,
        Rule.BUILDING: np.where(facts.has_building, facts.building, -1),
        Rule.POINT: np.where(tie_to_building, facts.building, np.where(exact, facts.point, -1)),
        Rule.REGION: np.where(doubtful & ~facts.district, facts.region, -1),
    }
    grid = np.full(n, -1, np.int32)
    rule_code = np.full(n, -1, np.int8)
    reason = np.full(n, _REASON[Reason.NO_RULE], np.int8)
    tie = np.zeros(n, bool)
    is_open = facts.covered.copy()
    for rule in rules:
        hit = is_open & (answers[rule] >= 0)
        grid[hit] = answers[rule][hit]
        rule_code[hit] = _RULE[rule]
        reason[hit] = _REASON[Reason(rule.value)]
        if rule is Rule.POINT:
            reason[hit & tied] = _REASON[Reason.TIE_LOWEST_CODE]
            reason[hit & tie_to_building] = _REASON[Reason.TIE_BUILDING]
        if rule in (Rule.POINT, Rule.BUILDING):
            tie |= hit & tied
        is_open &= ~hit

    if Rule.POINT in rules or Rule.REGION in rules:
        reason[is_open & ~facts.placed] = _REASON[Reason.NO_PLACE]
        reason[is_open & doubtful] = _REASON[Reason.REGION_CROSSES]
        reason[is_open & doubtful & facts.district] = _REASON[Reason.DISTRICT]
    if Rule.POINT in rules:
        reason[is_open & exact] = _REASON[Reason.NO_GRID_HERE]
    if Rule.BUILDING in rules:
        reason[is_open & facts.has_building & ~doubtful] = _REASON[Reason.NO_GRID_HERE]
    reason[~facts.covered] = _REASON[Reason.NOT_COVERED]
    return Decision(_STATUS_BY_REASON[reason], rule_code, grid, tie, reason)


def explain(
    rules: Sequence[Rule],
    facts: Facts,
    row: int,
    codes: Sequence[str] | None = None,
    notes: Mapping[Rule, str] | None = None,
) -> list[Step]:
    """How ``decide`` came to its answer for one row, step by step; ``codes`` are the grids' codes.

    ``notes`` are sentences that the caller adds to what a rule says that was asked (which list, what rivals).
    """
    one = Facts(**{f.name: getattr(facts, f.name)[row : row + 1] for f in fields(facts)})
    outcome = decide(rules, one)
    fact: dict[str, Any] = {f.name: getattr(one, f.name)[0] for f in fields(one)}

    def name(grid: int) -> str:
        return codes[grid] if codes is not None else f"number {grid}"

    status = STATUSES[outcome.status[0]]
    if not fact["covered"]:
        return [Step(None, status.value, "The plane does not cover this customer: no rule is asked.")]
    steps: list[Step] = []
    decided = False
    for rule in rules:
        if decided:
            steps.append(Step(rule, "not reached", f"{rule.value}: not asked, an earlier rule decided."))
        elif outcome.rule[0] == _RULE[rule]:
            decided = True
            text = _why_decided(rule, REASONS[outcome.reason[0]], name(int(outcome.grid[0])))
            steps.append(Step(rule, "decided", _noted(f"{rule.value}: {text}", rule, notes)))
        else:
            text = _why_passed(rule, fact)
            steps.append(Step(rule, "passed", _noted(f"{rule.value}: {text}", rule, notes)))
    steps.append(Step(None, status.value, _CONCLUSION[REASONS[outcome.reason[0]]]))
    return steps


def _noted(text: str, rule: Rule, notes: Mapping[Rule, str] | None) -> str:
    note = (notes or {}).get(rule)
    return f"{text} {note}" if note else text


def _why_decided(rule: Rule, reason: Reason, grid: str) -> str:
    if reason is Reason.TIE_BUILDING:
        return f"the place is on a shared edge; its building belongs to grid {grid}."
    if reason is Reason.TIE_LOWEST_CODE:
        return f"the place is on a shared edge; grid {grid} has the lowest code of those that meet there."
    return {
        Rule.LOCK: f"the account is locked to grid {grid}.",
        Rule.NAMED_LIST: f"a named list gives it to grid {grid}.",
        Rule.CLUSTER: f"its cluster market is owned by grid {grid}.",
        Rule.BUILDING: f"its building belongs to grid {grid}.",
        Rule.POINT: f"the place is in grid {grid}.",
        Rule.REGION: f"the whole region of doubt lies in grid {grid}.",
    }[rule]


def _why_passed(rule: Rule, fact: dict[str, Any]) -> str:
    if rule is Rule.BUILDING:
        return "its building is in no grid." if fact["has_building"] else "no building is known."
    if rule in (Rule.POINT, Rule.REGION):
        if not fact["placed"]:
            return "no place is known."
        if fact["district"]:
            return "the geocode is no finer than a district."
        if rule is Rule.POINT:
            return (
                "the geocode is too coarse for this rule." if fact["coarse"] else "no grid covers the place."
            )
        return (
            "no single grid holds the whole region of doubt." if fact["coarse"] else "the geocode is exact."
        )
    return {
        Rule.LOCK: "the account is not locked.",
        Rule.NAMED_LIST: "it is on no named list.",
        Rule.CLUSTER: "it is in no cluster market that a grid owns.",
    }[rule]


_CONCLUSION = {
    **dict.fromkeys(REASONS, "Assigned."),
    Reason.TIE_BUILDING: "Assigned, flagged as a tie.",
    Reason.TIE_LOWEST_CODE: "Assigned, flagged as a tie.",
    Reason.NOT_COVERED: "Uncovered.",
    Reason.NO_RULE: "Unassigned: no rule of the plane applies.",
    Reason.NO_PLACE: "Unassigned: no rule applies and the account has no place.",
    Reason.NO_GRID_HERE: "Outside: no grid covers the place.",
    Reason.REGION_CROSSES: "Quarantined: the region of doubt crosses a border or leaves the grids.",
    Reason.DISTRICT: "Quarantined: a geocode no finer than a district is never decided by place.",
}


def resolve_conflicts(
    subject: NDArray[Any], grid_code: NDArray[Any], *tiebreak: NDArray[Any]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """One claim per subject where grids compete (an account on two lists, a cluster with two owners).

    ``subject``, ``grid_code`` and every ``tiebreak`` are columns of m claims. The claim with the lowest first
    tie-break wins, then the next, then the lowest grid code; text compares by code point. Returns the winning
    rows (one per subject, ascending by subject) and, for each of the m claims, whether its subject is claimed
    by more than one grid.
    """
    if len(subject) == 0:
        return np.empty(0, np.intp), np.empty(0, bool)
    keys = [_ranks(column) for column in (grid_code, *reversed(tiebreak))]
    subjects = _ranks(subject)
    order = np.lexsort((*keys, subjects))
    first = np.ones(len(order), bool)
    first[1:] = subjects[order[1:]] != subjects[order[:-1]]
    pairs = np.unique(np.column_stack([subjects, keys[0]]), axis=0)
    grids_of = np.bincount(pairs[:, 0], minlength=int(subjects.max()) + 1)
    return order[first], grids_of[subjects] > 1


def _ranks(column: NDArray[Any]) -> NDArray[np.intp]:
    # str() arrays sort by code point, and object columns from files hold None
    values = np.asarray(column)
    if values.dtype == object:
        values = np.array(["" if value is None else str(value) for value in values], dtype=np.str_)
    return np.unique(values, return_inverse=True)[1].reshape(-1)
