"""Workload: what an account costs in minutes a month by a dated policy, beside plain counts of customers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import InputError

MEASURES: tuple[str, ...] = ("customers", "minutes")
PARTS: tuple[str, ...] = ("visits", "travel", "prospects", "opportunities", "complaints")
"""What the minutes of an account are made of. A grid has one more: its owner's way from the residence."""

TOUR_CONSTANT = 0.7124
"""Length of the best tour through N random points in an area A is about 0.7124 * sqrt(N * A)
(Beardwood, Halton and Hammersley 1959; the constant by Johnson, McGeoch and Rothberg 1996)."""


@dataclass(frozen=True)
class ClassPolicy:
    """Minutes and travel of one class (A urban, B rural, or "" for land without class)."""

    visit: float
    """Minutes on the spot, per visit."""
    prospect: float
    """Minutes a month per prospect."""
    opportunity: float
    """Minutes a month per open opportunity."""
    complaint: float
    """Minutes a month per complaint."""
    speed_kmh: float
    """Speed on the way between customers."""
    detour: float
    """Way by road over way as the crow flies."""
    density_km2: float
    """Customers per km2 where the account itself says nothing."""


@dataclass(frozen=True)
class WorkloadPolicy:
    """How customers weigh."""

    visits: Mapping[str, float]
    """Visits a month by tier; the tier "" is that of accounts without one."""
    classes: Mapping[str, ClassPolicy]
    trips: float
    """Trips a month, there and back, from the owner's residence to the grid's work."""
    name: str = ""


@dataclass(frozen=True)
class Accounts:
    """The columns of n accounts that weigh. Optional ones are None, or NaN where a value is missing."""

    tier: NDArray[Any]
    """(n,) texts, "" for none."""
    visits: NDArray[np.float64] | None = None
    """Visits a month, instead of the tier's."""
    prospects: NDArray[np.float64] | None = None
    opportunities: NDArray[np.float64] | None = None
    complaints: NDArray[np.float64] | None = None
    density_km2: NDArray[np.float64] | None = None
    """Customers per km2 around the account, for its travel; else the density of its class."""


_URBAN = ClassPolicy(
    visit=30, prospect=20, opportunity=45, complaint=40, speed_kmh=15, detour=1.35, density_km2=100
)
_RURAL = ClassPolicy(
    visit=40, prospect=25, opportunity=60, complaint=50, speed_kmh=35, detour=1.45, density_km2=2
)
DEFAULT_POLICY = WorkloadPolicy(
    visits={"A": 4.0, "B": 2.0, "C": 1.0, "": 0.5},
    classes={"A": _URBAN, "B": _RURAL, "": _URBAN},
    trips=22.0,
    name="default",
)
"""What holds until an organisation loads a policy of its own."""


def parse_policy(document: Mapping[str, Any]) -> WorkloadPolicy:
    """A policy from a plain mapping (JSON or YAML), checked.

    ``{"name": "…", "visits": {"A": 4, …}, "classes": {"A": {"visit": 30, "prospect": …, "opportunity": …,
    "complaint": …, "speed_kmh": …, "detour": …, "density_km2": …}, "B": {…}}, "residence": {"trips": 22}}``.
    ``visits`` names every tier there is; of customers without one ("") and of the rest, what is left out is
    as in ``DEFAULT_POLICY``. InputError (``bad-policy``, ``column`` the path of the value) for unknown keys,
    for what is no number and for numbers out of range.
    """
    _known(document, ("name", "visits", "classes", "residence"), "policy")
    visits = dict(DEFAULT_POLICY.visits)
    if "visits" in document:
        said = _mapping(document["visits"], "visits")
        visits = {str(k): _number(v, f"visits.{k}", above_zero=False) for k, v in said.items()}
        visits.setdefault("", DEFAULT_POLICY.visits[""])
    classes = dict(DEFAULT_POLICY.classes)
    for name, values in _mapping(document.get("classes", {}), "classes").items():
        path = f"classes.{name}"
        if name not in classes:
            raise InputError(
                f"unknown class {name!r}; A, B or an empty one was expected", kind="bad-policy", column=path
            )
        _known(_mapping(values, path), tuple(ClassPolicy.__dataclass_fields__), path)
        divisors = ("speed_kmh", "density_km2")
        numbers = {k: _number(v, f"{path}.{k}", above_zero=k in divisors) for k, v in values.items()}
        if numbers.get("detour", 1.0) < 1.0:
            raise InputError(
                f"detour {numbers['detour']} is below 1: a way is never shorter than the crow flies",
                kind="bad-policy",
                column=f"{path}.detour",
            )
        classes[name] = replace(classes[name], **numbers)
    residence = _mapping(document.get("residence", {}), "residence")
    _known(residence, ("trips",), "residence")
    trips = _number(residence.get("trips", DEFAULT_POLICY.trips), "residence.trips", above_zero=False)
    return WorkloadPolicy(visits, classes, trips, str(document.get("name", "")))


def document_of(policy: WorkloadPolicy) -> dict[str, Any]:
    """The policy as ``parse_policy`` takes it, with nothing left out."""
    return {
        "name": policy.name,
        "visits": dict(policy.visits),
        "classes": {name: asdict(values) for name, values in policy.classes.items()},
        "residence": {"trips": policy.trips},
    }


def travel_minutes(density_km2: Any, detour: Any, speed_kmh: Any) -> Any:
    """Minutes on the way per visit, where so many customers stand on a km2; numbers or arrays of one shape.

    Continuous approximation (Daganzo 1984): on a tour through customers of density d the way to the next is
    0.7124 / sqrt(d) km as the crow flies; by road it is ``detour`` times as long.
    """
    return 60.0 * TOUR_CONSTANT * detour / (np.sqrt(density_km2) * speed_kmh)


def residence_minutes(distance_m: Any, policy: WorkloadPolicy, grid_class: str) -> Any:
    """Minutes a month that an owner is on the way between residence and grid, there and back.

    ``distance_m``: metres as the crow flies from the residence to the grid's work, a number or an array.
    The way by road and its speed are those of the grid's class.
    """
    of_class = policy.classes[grid_class]
    return 60.0 * 2.0 * policy.trips * distance_m / 1000.0 * of_class.detour / of_class.speed_kmh


@dataclass(frozen=True)
class Part:
    """One part of the minutes of n accounts: how many a month, and minutes for each."""

    count: NDArray[np.float64]
    each: NDArray[np.float64]

    @property
    def minutes(self) -> NDArray[np.float64]:
        """Minutes a month."""
        return self.count * self.each


def breakdown(accounts: Accounts, policy: WorkloadPolicy, classes: NDArray[Any]) -> dict[str, Part]:
    """Each of ``PARTS`` of the minutes of n accounts.

    ``classes`` (n,) texts: the class of the grid or land that each account is in. InputError
    (``unknown-tier``, ``unknown-class``, ``negative-count``), with the row of the first such.
    """
    tier, tier_codes = _coded(accounts.tier, policy.visits, "tier")
    _, class_codes = _coded(classes, policy.classes, "class")
    n = len(tier_codes)
    by_class = list(policy.classes.values())

    def of_class(name: str) -> NDArray[np.float64]:
        return np.array([getattr(entry, name) for entry in by_class], np.float64)[class_codes]

    visits = np.array([policy.visits[name] for name in tier], np.float64)[tier_codes]
    visits = _counts(accounts.visits, "visits", visits)
    density = of_class("density_km2")
    if accounts.density_km2 is not None:
        known = np.isfinite(accounts.density_km2) & (accounts.density_km2 > 0)
        density = np.where(known, accounts.density_km2, density)
    way = travel_minutes(density, of_class("detour"), of_class("speed_kmh"))
    parts = {"visits": Part(visits, of_class("visit")), "travel": Part(visits, way)}
    for column, part, name in (
        (accounts.prospects, "prospects", "prospect"),
        (accounts.opportunities, "opportunities", "opportunity"),
        (accounts.complaints, "complaints", "complaint"),
    ):
        parts[part] = Part(_counts(column, part, np.zeros(n)), of_class(name))
    return parts


def minutes_of(parts: Mapping[str, Part]) -> NDArray[np.float64]:
    """Minutes a month of n accounts: the sum of the parts of ``breakdown``, float64, never negative."""
    total: NDArray[np.float64] = np.sum([part.minutes for part in parts.values()], axis=0)
    return total


def sum_by(
    index: NDArray[Any], values: Mapping[str, NDArray[np.float64]], n: int
) -> dict[str, NDArray[np.float64]]:
    """Each measure summed per building, unit or grid: ``index`` (m,) rows in 0..n-1, -1 counts nowhere."""
    inside = index >= 0
    rows = index[inside]
    return {k: np.bincount(rows, v[inside], minlength=n).astype(np.float64) for k, v in values.items()}


def _coded(values: NDArray[Any], known: Mapping[str, Any], what: str) -> tuple[list[str], NDArray[np.intp]]:
    names = list(known)
    texts = np.array(["" if v is None or v != v else str(v) for v in values], dtype=np.str_)
    if len(texts) == 0:
        return names, np.empty(0, np.intp)
    found, inverse = np.unique(texts, return_inverse=True)
    place = {name: i for i, name in enumerate(names)}
    codes = np.array([place.get(str(name), -1) for name in found], np.intp)[inverse.reshape(-1)]
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        raise InputError(
            f"the policy has no {what} {str(texts[row])!r}; it has {', '.join(repr(name) for name in names)}",
            kind=f"unknown-{what}",
            row=row + 1,
        )
    return names, codes


def _counts(
    column: NDArray[np.float64] | None, name: str, default: NDArray[np.float64]
) -> NDArray[np.float64]:
    if column is None:
        return default
    values = np.where(np.isnan(column), default, column)
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(
            f"{values[row]} is no count; a number from 0 up was expected",
            kind="negative-count",
            row=row + 1,
            column=name,
        )
    return values


def _known(document: Mapping[str, Any], names: Sequence[str], path: str) -> None:
    for key in document:
        if key not in names:
            raise InputError(
                f"unknown key {key!r}; {', '.join(names)} were expected", kind="bad-policy", column=path
            )


def _mapping(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{value!r} is no table of values", kind="bad-policy", column=path)
    return value


def _number(value: Any, path: str, *, above_zero: bool) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise InputError(f"{value!r} is no number", kind="bad-policy", column=path)
    if value < 0 or (above_zero and value == 0):
        bound = "above 0" if above_zero else "from 0 up"
        raise InputError(
            f"{value!r} is out of range; a number {bound} was expected", kind="bad-policy", column=path
        )
    return float(value)
