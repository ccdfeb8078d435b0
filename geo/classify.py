"""A/B: which land is urban (A) and which rural (B), from official codes or from how densely people live.

The planner's own word stands above both and needs no computation. Nothing here is applied by itself: a code
counts where an area says nothing else, and a density gives a suggestion with its evidence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from h3.api import basic_int

from geo.errors import InputError

Class = Literal["A", "B", ""]
Measure = Literal["households", "customers"]

CODES: Mapping[str, str] = {
    "111": "main urban area",
    "112": "joint urban and rural area",
    "121": "centre of a town",
    "122": "joint town and rural area",
    "123": "special area",
    "210": "centre of a township",
    "220": "village",
}
"""The urban–rural classification codes (城乡分类代码) of the National Bureau of Statistics of China, 2008."""

_BY_CODE: Mapping[str, str] = {"1": "A", "2": "B"}
_MEASURES = ("households", "customers")


@dataclass(frozen=True)
class Density:
    """When land counts as urban: cells that are dense, touch each other, and hold enough people together.

    After the degree of urbanisation (Dijkstra et al. 2021, Applying the Degree of Urbanisation to the globe,
    Journal of Urban Economics 125): an urban cluster is of adjoining cells of at least 300 inhabitants a km²
    with 5,000 in all, and a place is urban when at least half of its people live in such. The method knows
    squares of 1 km²; here they are H3 cells, of 0.74 km² at resolution 8.
    """

    measure: Measure = "households"
    persons_each: float = 2.62
    """Inhabitants for each household or customer; 2.62 is a household of the census of 2020."""
    resolution: int = 8
    density_km2: float = 300.0
    population: float = 5_000.0
    share: float = 0.5


@dataclass(frozen=True)
class ClassesPolicy:
    """How land gets its class: by the beginning of its code, the longest that fits; and by density."""

    codes: Mapping[str, str] = field(default_factory=lambda: dict(_BY_CODE))
    density: Density = field(default_factory=Density)


DEFAULT_POLICY = ClassesPolicy()
"""What holds until an organisation has a policy of its own."""


def class_of_code(code: str, policy: ClassesPolicy = DEFAULT_POLICY) -> str:
    """The class of an urban–rural code: A, B or empty where the policy says nothing of it.

    InputError (``unknown-nbs-code``) for what is no such code.
    """
    if code not in CODES:
        raise InputError(
            f"{code!r} is no urban–rural code; expected one of {', '.join(CODES)}", kind="unknown-nbs-code"
        )
    fitting = [start for start in policy.codes if code.startswith(start)]
    return policy.codes[max(fitting, key=len)] if fitting else ""


def reason_of_code(code: str) -> str:
    """Why land with this code has its class, in words."""
    return f"urban–rural code {code}: {CODES[code]}"


@dataclass(frozen=True)
class Evidence:
    """What a suggestion for one area rests on. ``suggested`` is A, B, or None where nobody is known there.

    ``cells`` are those with anybody in the area, ``urban_cells`` those of them in an urban cluster, and
    ``largest_cluster`` the people of the greatest cluster that the area has a part of.
    """

    suggested: str | None
    population: float
    urban_population: float
    share: float | None
    cells: int
    urban_cells: int
    largest_cluster: float


@dataclass(frozen=True)
class Clusters:
    """Cells (n,) uint64 ascending with their people, and the urban cluster of each (−1: of none).

    ``people`` (k,) are those of each cluster, the greatest first.
    """

    cell: npt.NDArray[np.uint64]
    population: npt.NDArray[np.float64]
    cluster: npt.NDArray[np.int64]
    people: npt.NDArray[np.float64]


def parents(cells: npt.NDArray[np.uint64], resolution: int) -> npt.NDArray[np.uint64]:
    """The cells (n,) of a coarser (or the same) resolution that these are in."""
    fine = np.asarray(cells, np.uint64)
    kept = fine & ~np.uint64(15 << 52)
    finer = np.uint64((1 << (3 * (15 - resolution))) - 1)
    return np.asarray(kept | np.uint64(resolution << 52) | finer, np.uint64)


def clusters(
    cells: npt.ArrayLike, population: npt.ArrayLike, density: Density = DEFAULT_POLICY.density
) -> Clusters:
    """The urban clusters of a land: ``cells`` (n,) of ``density.resolution`` or finer, with their people.

    A cell may be there several times. Cells that share an edge are adjoining.
    """
    at, people = parents(np.asarray(cells, np.uint64), density.resolution), np.asarray(population, float)
    cell, back = np.unique(at, return_inverse=True)
    inside = np.bincount(back.reshape(-1), people, minlength=len(cell)).astype(np.float64)
    area = np.array([basic_int.cell_area(one, "km^2") for one in cell.tolist()], float)
    dense = set(cell[inside >= density.density_km2 * area].tolist())
    row = {one: number for number, one in enumerate(cell.tolist())}
    found: list[tuple[float, list[int]]] = []
    while dense:
        group = [dense.pop()]
        for one in group:
            near = dense.intersection(basic_int.grid_disk(one, 1))
            dense -= near
            group.extend(sorted(near))
        rows = sorted(row[one] for one in group)
        total = float(inside[rows].sum())
        if total >= density.population:
            found.append((total, rows))
    found.sort(key=lambda one: (-one[0], one[1]))
    cluster = np.full(len(cell), -1, np.int64)
    for number, (_, rows) in enumerate(found):
        cluster[rows] = number
    return Clusters(cell, inside, cluster, np.array([total for total, _ in found], float))


def suggest(
    cells: npt.ArrayLike,
    population: npt.ArrayLike,
    inside: tuple[npt.ArrayLike, npt.ArrayLike],
    areas: int,
    density: Density = DEFAULT_POLICY.density,
) -> list[Evidence]:
    """The class that density suggests for each of ``areas`` areas.

    ``cells`` (n,) uint64 of ``density.resolution`` or finer and the people in them are those of the whole
    land, so that a town beyond an area's edge counts; ``inside`` is pairs (area, row of ``cells``): areas may
    nest. A suggestion is A when at least ``density.share`` of an area's people live in urban clusters.
    """
    people = np.asarray(population, np.float64)
    town = clusters(cells, people, density)
    coarse = parents(np.asarray(cells, np.uint64), density.resolution)
    at = np.searchsorted(town.cell, coarse)
    area, row = (np.asarray(one, np.int64) for one in inside)
    cluster = town.cluster[at[row]] if len(town.cell) else np.empty(0, np.int64)
    weight = people[row]
    total = np.bincount(area, weight, minlength=areas)
    urban = np.bincount(area, np.where(cluster >= 0, weight, 0.0), minlength=areas)
    # Cells once for each area, only those with anybody.
    there = weight > 0
    pairs = np.unique(np.column_stack([area[there], at[row[there]], cluster[there]]), axis=0)
    many = np.bincount(pairs[:, 0], minlength=areas)
    of_town = pairs[pairs[:, 2] >= 0]
    many_urban = np.bincount(of_town[:, 0], minlength=areas)
    largest = np.zeros(areas)
    np.maximum.at(largest, of_town[:, 0], town.people[of_town[:, 2]])
    out = []
    for number in range(areas):
        share = float(urban[number] / total[number]) if total[number] > 0 else None
        suggested = None if share is None else "A" if share >= density.share else "B"
        out.append(
            Evidence(
                suggested,
                float(total[number]),
                float(urban[number]),
                share,
                int(many[number]),
                int(many_urban[number]),
                float(largest[number]),
            )
        )
    return out


def parse_policy(document: Mapping[str, Any]) -> ClassesPolicy:
    """A policy from a plain mapping (JSON or YAML), checked.

    ``{"codes": {"1": "A", "2": "B", "123": ""}, "density": {"measure": "households"|"customers",
    "persons_each", "resolution", "density_km2", "population", "share"}}``; what is left out is as in
    ``DEFAULT_POLICY``. InputError (``bad-policy``, ``column`` the path of the value) for unknown keys and
    for values that cannot be.
    """
    _only(document, ("codes", "density", "name"), "")
    codes = document.get("codes", _BY_CODE)
    if not isinstance(codes, Mapping):
        raise _bad("codes", "expected a class for each beginning of a code, such as 1: A, 2: B")
    for start, value in codes.items():
        if not isinstance(start, str) or not start or not any(code.startswith(start) for code in CODES):
            raise _bad(f"codes.{start}", f"no urban–rural code begins so (quoted); codes: {', '.join(CODES)}")
        if value not in ("A", "B", ""):
            raise _bad(f"codes.{start}", f"{value!r} is no class; expected A, B or an empty text for none")
    return ClassesPolicy(dict(codes), _density(document.get("density", {})))


def _density(given: Any) -> Density:
    if not isinstance(given, Mapping):
        raise _bad("density", "expected thresholds such as density_km2: 300")
    default = DEFAULT_POLICY.density
    bounds: Mapping[str, tuple[float, float]] = {
        "persons_each": (0.01, 1_000),
        "density_km2": (0.01, 1e6),
        "population": (0, 1e9),
        "share": (0.01, 1),
    }
    _only(given, ("measure", "resolution", *bounds), "density.")
    measure = given.get("measure", default.measure)
    if measure not in _MEASURES:
        raise _bad("density.measure", f"{measure!r} is none; expected {' or '.join(_MEASURES)}")
    resolution = given.get("resolution", default.resolution)
    if isinstance(resolution, bool) or not isinstance(resolution, int) or not 5 <= resolution <= 10:
        raise _bad("density.resolution", f"{resolution!r} is none; expected a whole number from 5 to 10")
    numbers: dict[str, float] = {}
    for name, (low, high) in bounds.items():
        value = given.get(name, getattr(default, name))
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise _bad(f"density.{name}", f"{value!r} is out of range; expected {low:g} to {high:g}")
        numbers[name] = float(value)
    return Density(measure=measure, resolution=resolution, **numbers)


def _only(given: Mapping[str, Any], known: Sequence[str], path: str) -> None:
    for name in given:
        if name not in known:
            raise _bad(f"{path}{name}", f"there is no such setting; settings: {', '.join(known)}")


def _bad(path: str, why: str) -> InputError:
    return InputError(why, kind="bad-policy", column=path)
