"""Other services that say whose a place is, as one writes them after their own documentation.

    python -m bench._http_peers APP PORT
    python -m bench._http_peers direct SECONDS

Grids come from the file named by BENCH_GRIDS (codes and WKB), PostGIS from BENCH_DATABASE.
But for ``whole`` they know one plan of one organisation and ask for no key: what they leave out is time they
save.
"""

import hashlib
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import shapely
from fastapi import FastAPI, Request
from pydantic import BaseModel

WHOSE = """
    SELECT code FROM bench_grids WHERE ST_Intersects(geometry, ST_SetSRID(ST_MakePoint($1, $2), 4326))
    ORDER BY code COLLATE "C" LIMIT 1
"""


WHOLE = """
    SELECT g.grid_id, g.code, g.name, t.plan_id, coalesce(g.class, a.class) AS class, r.responsible
    FROM holder_of_key($3) k
    JOIN organisations o ON o.org_id = k.org_id
    JOIN planes n ON n.org_id = k.org_id AND n.code = $4
    JOIN plan_terms t ON t.org_id = k.org_id AND t.plane_id = n.plane_id AND t.superseded_at IS NULL
        AND t.valid_from <= (now() AT TIME ZONE o.time_zone)::date
        AND (t.valid_to IS NULL OR (now() AT TIME ZONE o.time_zone)::date < t.valid_to)
    JOIN shapes s ON s.org_id = k.org_id
        AND ST_Intersects(s.geometry, ST_SetSRID(ST_MakePoint($1, $2), 4326))
    JOIN plan_grids g ON g.org_id = k.org_id AND g.plan_id = t.plan_id AND g.shape_id = s.shape_id
    LEFT JOIN area_versions a ON a.org_id = k.org_id AND a.area_id = g.area_id AND a.superseded_at IS NULL
        AND a.valid_from <= (now() AT TIME ZONE o.time_zone)::date
        AND (a.valid_to IS NULL OR (now() AT TIME ZONE o.time_zone)::date < a.valid_to)
    LEFT JOIN LATERAL (
        SELECT json_agg(json_build_object('person', r.person_id, 'name', v.name, 'role', r.role)) responsible
        FROM responsibilities r
        JOIN person_versions v ON v.org_id = r.org_id AND v.person_id = r.person_id
            AND v.superseded_at IS NULL AND v.valid_from <= (now() AT TIME ZONE o.time_zone)::date
            AND (v.valid_to IS NULL OR (now() AT TIME ZONE o.time_zone)::date < v.valid_to)
        WHERE r.org_id = k.org_id AND r.plane_id = n.plane_id AND r.grid_id = g.grid_id
            AND r.superseded_at IS NULL AND r.valid_from <= (now() AT TIME ZONE o.time_zone)::date
            AND (r.valid_to IS NULL OR (now() AT TIME ZONE o.time_zone)::date < r.valid_to)
    ) r ON true
    ORDER BY g.code COLLATE "C" LIMIT 1
"""
"""All that /v1/locate answers of a place in a grid, in one statement, asked as the owner of the tables."""


class PlaceIn(BaseModel):
    """A row of the question."""

    id: str
    lng: float
    lat: float


class PlaceOut(BaseModel):
    """A row of the answer."""

    id: str
    grid: str | None


class ColumnsIn(BaseModel):
    """A question in columns."""

    id: list[str]
    lng: list[float]
    lat: list[float]


class ColumnsOut(BaseModel):
    """An answer in columns."""

    id: list[str]
    grid: list[str | None]


class Whose(BaseModel):
    """The grid of one place."""

    grid: str | None


def _grids() -> tuple[list[str], Any]:
    with np.load(os.environ["BENCH_GRIDS"], allow_pickle=True) as saved:
        polygons = shapely.from_wkb(saved["wkb"])
        codes = saved["codes"].tolist()
    shapely.prepare(polygons)
    return codes, shapely.STRtree(polygons)


def rows() -> FastAPI:
    """Rows as pydantic models, a loop over them that asks an STRtree of prepared grids."""
    app = FastAPI()
    codes, tree = _grids()

    @app.post("/assign", response_model=list[PlaceOut])
    def assign(places: list[PlaceIn]) -> Any:
        answer = []
        for place in places:
            found = tree.query(shapely.Point(place.lng, place.lat), predicate="intersects")
            answer.append(PlaceOut(id=place.id, grid=min((codes[i] for i in found), default=None)))
        return answer

    return app


def columns() -> FastAPI:
    """Columns as a pydantic model, all points put to the STRtree at once."""
    app = FastAPI()
    codes, tree = _grids()

    @app.post("/assign", response_model=ColumnsOut)
    def assign(asked: ColumnsIn) -> Any:
        which, grid = tree.query(shapely.points(asked.lng, asked.lat), predicate="intersects")
        lowest: list[str | None] = [None] * len(asked.id)
        for row, i in zip(which.tolist(), grid.tolist(), strict=True):
            before = lowest[row]
            if before is None or codes[i] < before:
                lowest[row] = codes[i]
        return ColumnsOut(id=asked.id, grid=lowest)

    return app


def postgis() -> FastAPI:
    """One place at a time, asked of PostGIS through a pool of asyncpg."""
    import asyncpg

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(os.environ["BENCH_DATABASE"], min_size=10, max_size=10) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/locate", response_model=Whose)
    async def locate(request: Request, lng: float, lat: float) -> Any:
        async with request.app.state.pool.acquire() as connection:
            return {"grid": await connection.fetchval(WHOSE, lng, lat)}

    @app.get("/whole")
    async def whole(request: Request, lng: float, lat: float, plane: str) -> Any:
        digest = hashlib.sha256(request.headers["Authorization"].removeprefix("Bearer ").encode()).digest()
        async with request.app.state.pool.acquire() as connection:
            row = await connection.fetchrow(WHOLE, lng, lat, digest, plane)
        return {"grid": dict(row) if row else None}

    return app


async def direct(seconds: float) -> float:
    """Places a second that asyncpg alone asks of PostGIS over ten connections, with no service between."""
    import asyncio
    import time

    import asyncpg

    from bench._ground import points

    lng, lat = (values.tolist() for values in points(1000))
    until = time.perf_counter() + seconds
    asked = 0

    async def ask(pool: asyncpg.Pool) -> None:
        nonlocal asked
        async with pool.acquire() as connection:
            while time.perf_counter() < until:
                await connection.fetchval(WHOSE, lng[asked % 1000], lat[asked % 1000])
                asked += 1

    async with asyncpg.create_pool(os.environ["BENCH_DATABASE"], min_size=10, max_size=10) as pool:
        start = time.perf_counter()
        await asyncio.gather(*(ask(pool) for _ in range(10)))
        return asked / (time.perf_counter() - start)


APPS = {"rows": rows, "columns": columns, "postgis": postgis}


def main() -> None:
    """Serve one of them on a port of this machine, or measure asyncpg alone."""
    import uvicorn
    import uvloop

    name, port = sys.argv[1:]
    if name == "direct":
        print(uvloop.run(direct(float(port))))
        return
    uvicorn.run(APPS[name](), port=int(port), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
