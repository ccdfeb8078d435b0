"""Other services that say whose a place is, as one writes them after their own documentation.

    python -m bench._http_peers APP PORT
    python -m bench._http_peers direct SECONDS

Grids come from the file named by BENCH_GRIDS (codes and WKB), PostGIS from BENCH_DATABASE.
They know one plan of one organisation and ask for no key: what they leave out is time they save.
"""

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
