"""Deciding many rows in one plan: what the plane's rules say, and the evidence. Knows no database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from app.assignments.locators import Ground
from geo.geocodes import LEVELS, GeocodePolicy, doubt
from geo.precedence import REASONS, RULES, STATUSES, Decision, Facts, Reason, Rule, Status, decide

NAMED_GRIDS = 20
"""Evidence names at most so many grids around a place."""


@dataclass(frozen=True)
class Known:
    """What is known of n rows (an account on a day, or a row that somebody asks about).

    Grids are row numbers of the plan's grid table, −1 for none; object columns hold None where there is
    nothing. ``level`` is an index into ``geo.geocodes.LEVELS``.
    """

    covered: NDArray[np.bool_]
    lng: NDArray[np.float64]
    lat: NDArray[np.float64]
    level: NDArray[np.int8]
    radius_m: NDArray[np.float64]
    lock: NDArray[np.int32]
    listed: NDArray[np.int32]
    list_evidence: NDArray[np.object_]
    cluster: NDArray[np.int32]
    cluster_evidence: NDArray[np.object_]
    has_building: NDArray[np.bool_]
    building: NDArray[np.int32]
    building_id: NDArray[np.object_]
    building_share: NDArray[np.float64]
    piled: NDArray[np.bool_]
    """So many customers stand at the point that it is taken as the centre of a district."""
    has_region: NDArray[np.bool_]
    """The region of doubt is a polygon of its own, not a disc."""
    region: NDArray[np.int32]
    region_id: NDArray[np.object_]
    region_around: NDArray[np.object_]
    """Codes of the grids that a polygon meets which no grid holds whole."""

    @classmethod
    def of(cls, lng: NDArray[np.float64], lat: NDArray[np.float64], **columns: Any) -> "Known":
        """Rows at these places; a column that is not given says nothing (``covered``: true)."""
        n = len(lng)
        empty: dict[str, Any] = {
            "covered": np.ones(n, bool),
            "level": np.zeros(n, np.int8),
            "radius_m": np.full(n, np.nan),
            "has_building": np.zeros(n, bool),
            "building_share": np.full(n, np.nan),
            "piled": np.zeros(n, bool),
            "has_region": np.zeros(n, bool),
        }
        grids = ("lock", "listed", "cluster", "building", "region")
        empty |= {name: np.full(n, -1, np.int32) for name in grids}
        told = ("list_evidence", "cluster_evidence", "building_id", "region_id", "region_around")
        empty |= {name: np.full(n, None, dtype=object) for name in told}
        return cls(lng=lng, lat=lat, **{name: columns.get(name, value) for name, value in empty.items()})

    def take(self, rows: NDArray[np.intp]) -> "Known":
        """Some of the rows."""
        return Known(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def __len__(self) -> int:
        return len(self.lng)


@dataclass(frozen=True)
class Outcome:
    """What became of n rows: the decision, the facts it rests on, and what evidence is made of."""

    known: Known
    facts: Facts
    decision: Decision
    radius_m: NDArray[np.float64]
    ambiguous: NDArray[np.bool_]
    nearest: NDArray[np.int32]
    """For rows that are outside: the nearest grid."""
    distance_m: NDArray[np.float64]


def settle(
    rules: Sequence[Rule], ground: Ground, known: Known, policy: GeocodePolicy | None = None
) -> Outcome:
    """Ask the ground what the rules need and decide. Heavy: run it in a thread."""
    n = len(known)
    placed = np.isfinite(known.lng) & np.isfinite(known.lat)
    level = np.where(known.piled, np.int8(LEVELS.index("district")), known.level)
    doubtful = doubt(level, known.radius_m, known.has_region, policy)
    places = Rule.POINT in rules or Rule.REGION in rules or Rule.BUILDING in rules
    asked = np.flatnonzero(known.covered & placed) if places and ground.has_polygons else np.empty(0, np.intp)
    point, tie, ambiguous = np.full(n, -1, np.int32), np.zeros(n, bool), np.zeros(n, bool)
    found = ground.locate(known.lng[asked], known.lat[asked])
    point[asked], tie[asked], ambiguous[asked] = found.grid, found.tie, found.ambiguous
    columns = {
        "covered": known.covered,
        "lock": known.lock,
        "named_list": known.listed,
        "cluster": known.cluster,
        "building": known.building,
        "has_building": known.has_building,
        "placed": placed,
        "coarse": doubtful.coarse,
        "district": doubtful.district,
        "point": point,
        "tie": tie,
        "region": np.where(known.has_region, known.region, -1).astype(np.int32),
    }
    if Rule.REGION in rules:
        before = decide(rules[: list(rules).index(Rule.REGION)], Facts(**columns))
        rows = np.flatnonzero(
            known.covered & placed & doubtful.coarse & ~doubtful.district & ~known.has_region
            & (before.grid < 0) & (point >= 0)
        )  # fmt: skip
        columns["region"][rows] = ground.regions(
            known.lng[rows], known.lat[rows], doubtful.radius_m[rows], point[rows]
        )
    facts = Facts(**columns)
    decision = decide(rules, facts)
    nearest, distance = np.full(n, -1, np.int32), np.full(n, np.nan)
    outside = np.flatnonzero((decision.status == STATUSES.index(Status.OUTSIDE)) & placed)
    nearest[outside], distance[outside] = ground.nearest(known.lng[outside], known.lat[outside])
    return Outcome(known, facts, decision, doubtful.radius_m, ambiguous, nearest, distance)


def evidence(ground: Ground, outcome: Outcome) -> NDArray[np.object_]:
    """What decided each row, as JSON text with sorted keys; None where the rule says it all."""
    out = np.full(len(outcome.known), None, dtype=object)
    for code in np.unique(outcome.decision.reason):
        reason = REASONS[code]
        if reason in _EVIDENCE:
            rows = np.flatnonzero(outcome.decision.reason == code)
            told = _EVIDENCE[reason](ground, outcome, rows)
            out[rows] = [to_json(one) if one is not None else None for one in told]
    return out


def to_json(document: Any) -> str:
    """JSON with sorted keys, so that equal documents are equal texts."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


Told = list[dict[str, Any] | None]


def _lock(ground: Ground, outcome: Outcome, rows: NDArray[np.intp]) -> Told:
    return [{"lock": code} for code in ground.codes[outcome.decision.grid[rows]]]


def _named_list(_: Ground, outcome: Outcome, rows: NDArray[np.intp]) -> Told:
    return list(outcome.known.list_evidence[rows])


def _cluster(_: Ground, outcome: Outcome, rows: NDArray[np.intp]) -> Told:
    return list(outcome.known.cluster_evidence[rows])


def _building(_: Ground, outcome: Outcome, rows: NDArray[np.intp]) -> Told:
    shares = np.round(outcome.known.building_share[rows], 9)
    return [
        {"building": one, "share": None if share != share else share}
        for one, share in zip(outcome.known.building_id[rows], shares.tolist(), strict=True)
    ]


def _edge(ground: Ground, outcome: Outcome, rows: NDArray[np.intp]) -> list[list[str]]:
    return ground.around(outcome.known.lng[rows], outcome.known.lat[rows], np.zeros(len(rows)))


def _tie_lowest(ground: Ground, outcome: Outcome, rows: NDArray[np.intp]) -> Told:
    return [{"on_edge_of": codes} for codes in _edge(ground, outcome, rows)]


def _tie_building(ground: Ground, outcome: Outcome, rows: NDArray[np.intp]) -> Told:
    edges = _edge(ground, outcome, rows)
    told = _building(ground, outcome, rows)
    return [(one or {}) | {"on_edge_of": codes} for one, codes in zip(told, edges, strict=True)]


def _region(_: Ground, outcome: Outcome, rows: NDArray[np.intp]) -> Told:
    known = outcome.known
    return [
        {"level": LEVELS[level], "region": region} if has else {"level": LEVELS[level], "radius_m": radius}
        for level, has, region, radius in zip(
            known.level[rows], known.has_region[rows], known.region_id[rows],
            outcome.radius_m[rows].tolist(), strict=True,
        )
    ]  # fmt: skip


def _crosses(ground: Ground, outcome: Outcome, rows: NDArray[np.intp]) -> Told:
    radius = np.nan_to_num(outcome.radius_m[rows])
    keys = np.column_stack([outcome.known.lng[rows], outcome.known.lat[rows], radius])
    places, back = np.unique(keys, axis=0, return_inverse=True)
    around = ground.around(places[:, 0].copy(), places[:, 1].copy(), places[:, 2].copy())
    polygons = outcome.known.region_around[rows]
    told = _region(ground, outcome, rows)
    return [
        (one or {}) | {"grids": (around[place] if of_polygon is None else of_polygon)[:NAMED_GRIDS]}
        for one, place, of_polygon in zip(told, back.reshape(-1).tolist(), polygons, strict=True)
    ]


def _district(_: Ground, outcome: Outcome, rows: NDArray[np.intp]) -> Told:
    known = outcome.known
    return [
        {"level": "district", "pile": True, "claimed": LEVELS[level]} if piled else {"level": "district"}
        for level, piled in zip(known.level[rows], known.piled[rows], strict=True)
    ]


def _outside(ground: Ground, outcome: Outcome, rows: NDArray[np.intp]) -> Told:
    pairs = zip(outcome.nearest[rows].tolist(), outcome.distance_m[rows].tolist(), strict=True)
    return [
        {"nearest": ground.table.codes[grid], "distance_m": round(distance, 3)} if grid >= 0 else None
        for grid, distance in pairs
    ]


_EVIDENCE: dict[Reason, Callable[[Ground, Outcome, NDArray[np.intp]], Told]] = {
    Reason.LOCK: _lock,
    Reason.NAMED_LIST: _named_list,
    Reason.CLUSTER: _cluster,
    Reason.BUILDING: _building,
    Reason.TIE_BUILDING: _tie_building,
    Reason.TIE_LOWEST_CODE: _tie_lowest,
    Reason.REGION: _region,
    Reason.REGION_CROSSES: _crosses,
    Reason.DISTRICT: _district,
    Reason.NO_GRID_HERE: _outside,
}

STATUS_NAMES: NDArray[np.object_] = np.array([status.value for status in STATUSES], dtype=object)
RULE_NAMES: NDArray[np.object_] = np.array([*(rule.value for rule in RULES), None], dtype=object)
"""By code; the last (code −1) is no rule."""
