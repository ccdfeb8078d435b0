"""Where each tier's records are read from, and when a field of one is missing: SQL of the repository.

Every source names the columns ``id``, ``name``, ``grid``, ``area`` and ``confirmed``. ``{on_p}`` … stand for
"this row holds on the day, as known then".
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """One tier: its rows, its columns, and the condition under which each field is missing."""

    key: str
    """What records are listed by; an index has it, so that a page costs what a page holds."""
    id: str
    name: str
    confirmed: str
    rows: str
    attributes: str
    missing: Mapping[str, str]
    by: Mapping[str, str]
    """Columns that further needs may depend on."""


def _empty(column: str) -> str:
    return f"coalesce({column}, '') = ''"


def _nothing(*columns: str) -> dict[str, str]:
    return {column.split(".")[1]: f"{column} IS NULL" for column in columns}


_GRID_OF = """
    LEFT JOIN plan_grids g ON g.org_id = x.org_id AND g.plan_id = CAST(:plan AS uuid)
         AND g.grid_id = x.grid_id AND x.status = 'assigned'
    LEFT JOIN areas r ON r.org_id = g.org_id AND r.area_id = g.area_id
"""

CUSTOMER = Source(
    key="a.account_pk",
    id="a.account_id",
    name="a.name",
    confirmed="coalesce(a.confirmed_on, {day})",
    rows="""
    account_profiles p
    JOIN accounts a ON a.org_id = p.org_id AND a.account_pk = p.account_pk
    LEFT JOIN parties q ON q.org_id = p.org_id AND q.party_id = p.party_id
    LEFT JOIN account_places l ON l.org_id = p.org_id AND l.account_pk = p.account_pk AND {on_l}
    LEFT JOIN assignments x ON x.org_id = p.org_id AND x.account_pk = p.account_pk
         AND x.plane_id = :plane AND {on_x}
"""
    + _GRID_OF
    + "    WHERE {on_p} AND x.status IS DISTINCT FROM 'uncovered'",
    attributes="a.attributes",
    missing={
        "name": _empty("a.name"),
        "segment": _empty("p.segment"),
        "tier": _empty("p.tier"),
        "net_status": "p.net_status IS NULL",
        "party": "p.party_id IS NULL",
        "uscc": "coalesce(a.uscc, q.uscc, '') = ''",
        "place": "l.account_pk IS NULL",
        "exact_place": "coalesce(l.geocode_level, '') NOT IN ('point', 'building')",
        "address": _empty("l.address"),
        "building": "l.building_pk IS NULL",
        **_nothing("p.visits", "p.prospects", "p.opportunities", "p.complaints"),
    },
    by={"tier": "p.tier", "segment": "p.segment"},
)
BUILDING = Source(
    key="b.building_pk",
    id="b.building_id",
    name="b.name",
    confirmed="coalesce(b.confirmed_on, {day})",
    rows="""
    building_versions v
    JOIN buildings b ON b.org_id = v.org_id AND b.building_pk = v.building_pk
    LEFT JOIN building_assignments x ON x.org_id = v.org_id AND x.building_pk = v.building_pk
         AND x.plane_id = :plane AND {on_x}
"""
    + _GRID_OF
    + "    WHERE {on_v}",
    attributes="b.attributes",
    missing={
        **{name: _empty(f"b.{name}") for name in ("name", "use", "address")},
        "footprint": "ST_Dimension(v.geometry) < 2",
        **_nothing("v.households", "v.ports", "v.ports_used"),
    },
    by={},
)
CLUSTER = Source(
    key="c.cluster_pk",
    id="c.cluster_id",
    name="c.name",
    confirmed="coalesce(c.confirmed_on, {day})",
    rows="""
    clusters c
    LEFT JOIN LATERAL (
        SELECT g.org_id, g.code, g.area_id FROM cluster_owners o
        JOIN plan_grids g ON g.org_id = o.org_id AND g.grid_id = o.grid_id AND g.plan_id = CAST(:plan AS uuid)
        WHERE o.org_id = c.org_id AND o.cluster_pk = c.cluster_pk AND o.plane_id = :plane AND {on_o}
        ORDER BY g.code COLLATE "C" LIMIT 1
    ) g ON true
    LEFT JOIN areas r ON r.org_id = g.org_id AND r.area_id = g.area_id
    WHERE true""",
    attributes="c.attributes",
    missing={
        "kind": _empty("c.kind"),
        "owner": "g.code IS NULL",
        "members": "NOT EXISTS (SELECT FROM cluster_members m WHERE m.cluster_pk = c.cluster_pk AND {on_m})",
    },
    by={},
)
GRID = Source(
    key='g.code COLLATE "C"',
    id="g.code",
    name="g.name",
    confirmed="coalesce(i.confirmed_on, {day})",
    rows="""
    plan_grids g
    JOIN plans t ON t.org_id = g.org_id AND t.plan_id = g.plan_id
    JOIN grids i ON i.org_id = g.org_id AND i.grid_id = g.grid_id
    LEFT JOIN areas r ON r.org_id = g.org_id AND r.area_id = g.area_id
    LEFT JOIN LATERAL (
        SELECT o.person_id, o.recorded_at FROM responsibilities o
        WHERE o.org_id = g.org_id AND o.grid_id = g.grid_id AND o.plane_id = :plane AND o.role = 'owner'
          AND {on_o}
        LIMIT 1
    ) o ON true
    WHERE g.plan_id = CAST(:plan AS uuid)""",
    attributes="g.attributes",
    missing={
        "name": _empty("g.name"),
        "code": "g.code = ANY(CAST(:odd_codes AS text[]))",
        "area": "g.area_id IS NULL",
        "class": "g.code = ANY(CAST(:classless AS text[]))",
        "owner": "o.person_id IS NULL",
    },
    by={},
)
SOURCES: Mapping[str, Source] = {
    "grid": GRID,
    "building": BUILDING,
    "cluster": CLUSTER,
    "customer": CUSTOMER,
}
CHANGED: Mapping[str, str] = {
    "grid": "greatest(t.published_at, o.recorded_at)",
    "building": "greatest(v.recorded_at, b.updated_at)",
    "cluster": "c.updated_at",
    "customer": "greatest(p.recorded_at, l.recorded_at, a.updated_at)",
}
"""When a record last changed."""
