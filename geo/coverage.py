"""Checking a set of grids as a coverage: every place once, no overlap, no gap.

Geometries are working coordinates: WGS 84 degrees, edges straight in that plane. A set whose neighbours share
every vertex of their borders is told by GEOS's coverage check alone; only grids that it doubts are compared
pair by pair, with exact predicates, so that overlaps and gaps of any width are found.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo import geodesy

Geometries = npt.NDArray[np.object_]

SLIVER_M = 1.0
"""A part of a grid narrower than this many metres is a sliver."""

_NOISE_M2 = (
    0.01  # what subtracting an exclusion or an extent drawn by another hand leaves along a common line
)
_ORDER = (
    "empty",
    "invalid",
    "missing_code",
    "duplicate_code",
    "overlap",
    "gap",
    "uncovered",
    "multipart",
    "sliver",
)
_WARNINGS = frozenset({"multipart", "sliver"})


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a set of grids.

    ``kind``: overlap, gap, uncovered, invalid, empty, duplicate_code, missing_code, multipart or sliver;
    ``severity``: ``error`` or ``warning``; ``codes``: the grids concerned, lowest first; ``area_m2``: its
    area on the ellipsoid; ``geometry``: where (WGS 84), None for an empty grid; ``detail``: more words, such
    as why a ring is invalid.
    """

    kind: str
    severity: str
    codes: tuple[str, ...]
    area_m2: float
    geometry: Any
    detail: str = ""


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """A finding as the check's JSON has it, with its geometry as GeoJSON."""
    geometry = None if finding.geometry is None else json.loads(shapely.to_geojson(finding.geometry))
    out: dict[str, Any] = {
        "kind": finding.kind,
        "severity": finding.severity,
        "codes": list(finding.codes),
        "area_m2": round(finding.area_m2, 6),
        "geometry": geometry,
    }
    return {**out, "detail": finding.detail} if finding.detail else out


def is_valid(findings: Iterable[Finding]) -> bool:
    """Whether there is no error among the findings; warnings alone leave a set valid."""
    return all(f.severity != "error" for f in findings)


def check(
    geometries: npt.ArrayLike,
    codes: Sequence[str | None] | npt.NDArray[Any],
    *,
    extent: npt.ArrayLike | None = None,
    exclusions: npt.ArrayLike | None = None,
) -> list[Finding]:
    """Everything that is wrong with grids (n,) and their codes (n,), worst kinds first; [] for a clean set.

    ``extent``: polygons that ought to be covered; ``exclusions``: polygons that need not be, so that they are
    no gap. All in working coordinates. Invalid polygons are found and named, with where, and count as
    repaired (by even–odd filling) in the other checks. Raises nothing for bad geometry.
    """
    geoms = np.array(geometries, dtype=object).reshape(-1)
    names = ["" if c is None else str(c) for c in codes]
    if len(names) != len(geoms):
        raise ValueError(f"{len(geoms)} geometries but {len(names)} codes")
    findings = [*_codes(geoms, names), *_rings(geoms, names)]
    areas, rows = _areal(geoms)
    own = [names[r] for r in rows]
    doubtful = _doubtful(areas)
    findings += _overlaps(areas, own, doubtful)
    union = _union(areas, clean=not doubtful.any())
    free = _union(_areal(np.array([] if exclusions is None else exclusions, dtype=object).reshape(-1))[0])
    holes = _holes(union)
    findings += _gaps(holes, areas, own, free)
    if extent is not None:
        wanted = _union(_areal(np.array(extent, dtype=object).reshape(-1))[0])
        findings += _uncovered(wanted, [union, *holes, free])
    sound = np.asarray(
        shapely.is_valid(geoms[rows]), bool
    )  # the parts of a repaired grid are nobody's drawing
    findings += _parts(areas[sound], [c for c, ok in zip(own, sound, strict=True) if ok])
    return sorted(findings, key=lambda f: (_ORDER.index(f.kind), f.codes, -f.area_m2))


def _finding(kind: str, codes: Iterable[str], geometry: Any, detail: str = "") -> Finding:
    area = float(geodesy.area_m2([geometry])[0]) if geometry is not None else 0.0
    severity = "warning" if kind in _WARNINGS else "error"
    return Finding(kind, severity, tuple(sorted(codes)), area, geometry, detail)


def _codes(geoms: Geometries, names: list[str]) -> list[Finding]:
    """Rows without a code, and codes of several rows."""
    rows: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        rows.setdefault(name, []).append(i)
    out = []
    for name, some in rows.items():
        if name.strip() == "" or len(some) > 1:
            parts = [p for g in geoms[some] if g is not None for p in shapely.get_parts(g)]
            where = shapely.GeometryCollection(parts) if parts else None
            numbers = f"rows {', '.join(str(i + 1) for i in some[:10])}{' …' if len(some) > 10 else ''}"
            kind = "missing_code" if name.strip() == "" else "duplicate_code"
            out.append(_finding(kind, [] if kind == "missing_code" else [name], where, numbers))
    return out


def _rings(geoms: Geometries, names: list[str]) -> list[Finding]:
    """Empty grids, grids that are no polygons, coordinates off the Earth, and invalid rings with where."""
    out = []
    kind: Any = shapely.get_type_id(geoms)
    empty: Any = shapely.is_missing(geoms) | shapely.is_empty(geoms)
    valid: Any = shapely.is_valid(geoms)
    bounds = shapely.bounds(geoms)
    off = ~empty & (~np.isfinite(bounds).all(axis=1) | (np.abs(bounds) > [180, 90, 180, 90]).any(axis=1))
    for i in np.flatnonzero(empty | ~valid | off | ~np.isin(kind, (3, 6))):
        if empty[i]:
            out.append(_finding("empty", [names[i]], None, f"row {i + 1} has no geometry"))
        elif kind[i] not in (3, 6):
            word = f"a {geoms[i].geom_type}, not a polygon"
            out.append(_finding("invalid", [names[i]], geoms[i] if not off[i] else None, word))
        elif off[i]:
            out.append(_finding("invalid", [names[i]], None, "coordinates beyond ±180 or ±90 degrees"))
        else:
            out.append(_invalid(geoms[i], names[i]))
    return out


def _invalid(geom: Any, code: str) -> Finding:
    reason = str(shapely.is_valid_reason(geom))
    match = re.fullmatch(r"(.*?)\[(\S+) (\S+?)(?: \S+)?\]", reason)
    if match is None:
        return _finding("invalid", [code], None, reason)
    return _finding("invalid", [code], shapely.Point(float(match[2]), float(match[3])), match[1])


def _areal(geoms: Geometries) -> tuple[Geometries, npt.NDArray[np.int64]]:
    """Valid polygons and multipolygons with the rows they come from; what has no area is left out."""
    out = np.asarray(shapely.force_2d(geoms), dtype=object) if len(geoms) else geoms
    bounds = shapely.bounds(out).reshape(-1, 4)
    with np.errstate(invalid="ignore"):
        near = np.isfinite(bounds).all(axis=1) & (np.abs(bounds) <= [180, 90, 180, 90]).all(axis=1)
    kind: Any = shapely.get_type_id(out)
    rows = np.flatnonzero(near & np.isin(kind, (3, 6, 7)))
    out = out[rows]
    broken = np.flatnonzero(
        ~np.asarray(shapely.is_valid(out), bool) | (np.asarray(shapely.get_type_id(out)) == 7)
    )
    for i in broken:
        out[i] = _polygons_of(shapely.make_valid(out[i]))
    keep = ~np.asarray(shapely.is_empty(out), bool)
    return out[keep], rows[keep]


def _polygons_of(geom: Any) -> Any:
    """The areal part of a geometry: a polygon, a multipolygon or an empty polygon."""
    if geom.geom_type in ("Polygon", "MultiPolygon"):
        return geom
    parts = [
        p for p in shapely.get_parts(geom) if p.geom_type in ("Polygon", "MultiPolygon") and not p.is_empty
    ]
    if not parts:
        return shapely.Polygon()
    return parts[0] if len(parts) == 1 else shapely.union_all(parts)


def _doubtful(areas: Geometries) -> npt.NDArray[np.bool_]:
    """Grids with an edge that is not matched by a neighbour or lies within one."""
    if not len(areas):
        return np.zeros(0, bool)
    return ~np.asarray(shapely.is_empty(shapely.coverage_invalid_edges(areas)), bool)


def _overlaps(areas: Geometries, codes: list[str], doubtful: npt.NDArray[np.bool_]) -> list[Finding]:
    """Pairs whose interiors meet. One of a pair at least is doubtful, as the other may contain it whole."""
    rows = np.flatnonzero(doubtful)
    if not len(rows):
        return []
    tree = shapely.STRtree(list(areas))
    a, b = tree.query(areas[rows], predicate="intersects")
    a = rows[a]
    pairs = np.unique(np.sort(np.column_stack([a, b])[a != b], axis=1), axis=0).reshape(-1, 2)
    meet: Any = shapely.relate_pattern(areas[pairs[:, 0]], areas[pairs[:, 1]], "T********")
    pairs = pairs[np.asarray(meet, bool)]
    out = []
    for i, j in pairs:
        shared = shapely.intersection(areas[i], areas[j])
        area = _polygons_of(shared)
        # Narrower than floating point can draw, the overlap has a line to show and no area.
        where = shared if area.is_empty else area
        out.append(_finding("overlap", [codes[i], codes[j]], None if where.is_empty else where))
    return out


def _union(areas: Geometries, clean: bool = False) -> Any:
    if not len(areas):
        return shapely.Polygon()
    if clean:
        return shapely.coverage_union_all(areas)
    return _polygons_of(shapely.disjoint_subset_union_all(areas))


def _holes(union: Any) -> list[Any]:
    """What the union encloses without covering it: its holes, less islands of the union within them."""
    rings = [r for p in shapely.get_parts(union) for r in p.interiors]
    if not rings:
        return []
    holes = [shapely.Polygon(r) for r in rings]
    parts = np.array(shapely.get_parts(union), dtype=object)
    tree = shapely.STRtree(list(parts))
    out = []
    for hole in holes:
        inside = parts[tree.query(hole, predicate="covers")]
        out.append(_polygons_of(shapely.difference(hole, shapely.union_all(inside))) if len(inside) else hole)
    return out


def _gaps(holes: list[Any], areas: Geometries, codes: list[str], free: Any) -> list[Finding]:
    if not holes:
        return []
    tree = shapely.STRtree(list(areas))
    out = []
    for hole in holes:
        for part in _less(hole, free):
            near = tree.query(part, predicate="intersects")
            along = near[shapely.relate_pattern(part, areas[near], "****1****")]  # not those at a corner only
            out.append(_finding("gap", {codes[k] for k in (along if len(along) else near)}, part))
    return out


def _uncovered(wanted: Any, covered: list[Any]) -> list[Finding]:
    left = [wanted]
    for some in covered:
        left = [part for region in left for part in _less(region, some)]
    return [_finding("uncovered", [], part) for part in left]


def _less(region: Any, taken: Any) -> list[Any]:
    """The parts of a region that are left when something is taken out of it."""
    if taken.is_empty or not shapely.intersects(region, taken):
        return [p for p in shapely.get_parts(region) if not p.is_empty]
    left = _polygons_of(shapely.difference(region, taken))
    return [p for p in shapely.get_parts(left) if geodesy.area_m2([p])[0] >= _NOISE_M2]


def _parts(areas: Geometries, codes: list[str]) -> list[Finding]:
    """Grids of several parts, and parts narrower than a metre."""
    parts, owner = shapely.get_parts(areas, return_index=True)
    out = []
    size = geodesy.area_m2(parts)
    count = np.bincount(owner, minlength=len(areas))
    for i in np.flatnonzero(count > 1):
        mine = np.flatnonzero(owner == i)
        lesser = parts[mine[mine != mine[np.argmax(size[mine])]]]
        out.append(_finding("multipart", [codes[i]], shapely.MultiPolygon(list(lesser)), f"{count[i]} parts"))
    # A strip of width w has twice its area over its perimeter a little under w, and anything wider has more.
    thin = np.flatnonzero(2 * size < SLIVER_M * geodesy.length_m(parts))
    out += [
        _finding("sliver", [codes[owner[k]]], parts[k], f"narrower than {SLIVER_M:g} m")
        for k in thin
        if _narrow(parts[k])
    ]
    return out


def _narrow(part: Any) -> bool:
    """Whether no disc a sliver's width across fits into a polygon."""
    south, north = part.bounds[1], part.bounds[3]
    scale = 111_320 * np.array([np.cos(np.radians((south + north) / 2)), 1.0])
    metres = shapely.transform(part, lambda c: (c - c[0]) * scale)
    return bool(shapely.is_empty(shapely.buffer(metres, -SLIVER_M / 2)))
