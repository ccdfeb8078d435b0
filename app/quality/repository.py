"""Records of a tier with what is missing of them, read and counted in the database."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.quality.sources import CHANGED, SOURCES, Source
from app.storage.dated import on_day
from app.storage.rows import records as rows_of
from geo.completeness import ATTRIBUTE, Also, Needs

By = Literal["grid", "area"]
_RECORDS = """
    SELECT {key} AS key, {id} AS id, {name} AS name, g.code AS grid, r.code AS area,
           array_remove(CAST(ARRAY[{missing}] AS text[]), NULL) AS missing,
           {confirmed} AS confirmed, CAST({stale_after} AS int) AS stale_after
    FROM {rows}
"""
_STALE = "coalesce(CAST(:at AS date) - s.confirmed > s.stale_after, false)"
_PAGE = """
    SELECT s.key, s.id, s.name, s.grid, s.area, s.missing, s.confirmed,
           CAST(:at AS date) - s.confirmed AS days, {stale} AS stale
    FROM ({records}) s WHERE {conditions} ORDER BY s.key LIMIT :limit
"""
_COUNTS = """
    SELECT s.{by} AS code, count(*) AS records, count(*) FILTER (WHERE s.missing = '{{}}') AS complete,
           count(*) FILTER (WHERE {stale}) AS stale, min(s.confirmed) AS oldest {by_field}
    FROM ({records}) s GROUP BY s.{by} ORDER BY s.{by} COLLATE "C" NULLS LAST
"""
_ON = re.compile(r"\{on_(\w)\}")


@dataclass(frozen=True)
class Asked:
    """What every question about a tier carries: the plane, its plan on the day, the organisation's zone."""

    tier: str
    needs: Needs
    params: dict[str, Any]
    known_at: dt.datetime | None


def _of_these(source: Source, also: Also, number: int, params: dict[str, Any]) -> str:
    """SQL: that a record is of the tiers and segments of this further need."""
    conditions = []
    for by, column in source.by.items():
        listed = getattr(also, by)
        if listed:
            params[f"{by}_{number}"] = list(listed)
            conditions.append(f"{column} = ANY(CAST(:{by}_{number} AS text[]))")
    return "(" + " AND ".join(conditions) + ")"


def fields(needs: Needs) -> list[str]:
    """Every field that is needed of some record of the tier, in order."""
    return list(dict.fromkeys([*needs.needed, *(name for also in needs.also for name in also.needed)]))


def _records(asked: Asked, params: dict[str, Any]) -> str:
    """SQL: the records of the tier, with what is missing, when it was confirmed and how long that lasts."""
    source = SOURCES[asked.tier]
    these = [_of_these(source, also, i, params) for i, also in enumerate(asked.needs.also)]
    missing = []
    for number, name in enumerate(fields(asked.needs)):
        params[f"field_{number}"] = name
        gap = source.missing.get(name)
        if gap is None:
            params[f"attribute_{number}"] = name.removeprefix(ATTRIBUTE)
            gap = f"coalesce({source.attributes} ->> CAST(:attribute_{number} AS text), '') = ''"
        if name not in asked.needs.needed:
            needing = zip(these, asked.needs.also, strict=True)
            gap = f"({' OR '.join(of for of, also in needing if name in also.needed)}) AND {gap}"
        missing.append(f"CASE WHEN {gap} THEN CAST(:field_{number} AS text) END")
    days = [str(asked.needs.stale_after_days)] if asked.needs.stale_after_days else []
    days += [
        f"CASE WHEN {of} THEN {also.stale_after_days} END"
        for of, also in zip(these, asked.needs.also, strict=True)
        if also.stale_after_days
    ]
    changed = f"CAST({CHANGED[asked.tier]} AT TIME ZONE :zone AS date)"
    query = _RECORDS.format(
        key=source.key,
        id=source.id,
        name=source.name,
        missing=", ".join(missing),
        confirmed=source.confirmed.replace("{day}", changed),
        stale_after=f"least({', '.join(days)})" if days else "NULL",
        rows=source.rows,
    )
    return _ON.sub(lambda found: on_day(found.group(1), asked.known_at), query)


def _params(asked: Asked) -> dict[str, Any]:
    return asked.params | ({"known_at": asked.known_at} if asked.known_at is not None else {})


async def page(
    connection: AsyncConnection,
    asked: Asked,
    *,
    missing: str | None,
    stale: bool | None,
    grid: str | None,
    area: str | None,
    after: int | str | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Records by key, from behind ``after``; ``missing`` is a field, or ``any``."""
    params = _params(asked)
    source = _records(asked, params)
    wanted = {
        "any": "s.missing <> '{}'",
        None: "true",
    }.get(missing, "s.missing @> ARRAY[CAST(:missing AS text)]")
    conditions = [wanted]
    if missing not in (None, "any"):
        params["missing"] = missing
    if stale is not None:
        conditions.append(_STALE if stale else f"NOT {_STALE}")
    for name, value in (("grid", grid), ("area", area)):
        if value is not None:
            conditions.append(f"s.{name} = :{name}")
            params[name] = value
    if after is not None:
        conditions.append("s.key > :after")
        params["after"] = after
    query = _PAGE.format(stale=_STALE, records=source, conditions=" AND ".join(conditions))
    return rows_of(await connection.execute(text(query), params | {"limit": limit}))


async def counts(connection: AsyncConnection, asked: Asked, by: By) -> list[dict[str, Any]]:
    """Records, complete and stale ones of each grid or area (None: of none), by its code; ``missing_N`` is of
    the Nth of :func:`fields`.
    """
    params = _params(asked)
    source = _records(asked, params)
    by_field = "".join(
        f", count(*) FILTER (WHERE s.missing @> ARRAY[CAST(:field_{i} AS text)]) AS missing_{i}"
        for i in range(len(fields(asked.needs)))
    )
    query = _COUNTS.format(by=by, stale=_STALE, by_field=by_field, records=source)
    return rows_of(await connection.execute(text(query), params))
