"""Other ways to find the grid of each point, used as their own documentation advises, on one core.

A peer takes the grids once and gives a function that takes points; that gives the question, ready to be asked
again and again. Only the question is timed: points are in the peer's own form by then, and indexes are built.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Grids = npt.NDArray[np.object_]
Ask = Callable[[], int]
"""Answers; how many pairs of a point and a grid there are."""
Put = Callable[[Floats, Floats], Ask]
"""Takes longitudes and latitudes in WGS 84 degrees."""

_JOIN = "FROM points p JOIN grids g ON ST_Intersects(g.geometry, p.geometry)"


def _frame(geometry: Any) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame({"id": np.arange(len(geometry))}, geometry=geometry, crs=4326)


@contextmanager
def geopandas_sjoin(grids: Grids) -> Iterator[Put]:
    """geopandas.sjoin, predicate intersects."""
    ground = _frame(grids)

    def put(lng: Floats, lat: Floats) -> Ask:
        points = _frame(geopandas.points_from_xy(lng, lat))
        return lambda: len(points.sjoin(ground, predicate="intersects"))

    yield put


@contextmanager
def shapely_tree(grids: Grids) -> Iterator[Put]:
    """shapely.STRtree over prepared grids."""
    shapely.prepare(grids)
    tree = shapely.STRtree(grids)

    def put(lng: Floats, lat: Floats) -> Ask:
        points = shapely.points(lng, lat)
        return lambda: int(tree.query(points, predicate="intersects").shape[1])

    yield put


@contextmanager
def sedonadb(grids: Grids) -> Iterator[Put]:
    """SedonaDB: a join in SQL."""
    import sedona.db

    session = sedona.db.connect()
    session.sql("SET datafusion.execution.target_partitions = 1").execute()
    session.create_data_frame(_frame(grids)).to_memtable().to_view("grids", overwrite=True)

    def put(lng: Floats, lat: Floats) -> Ask:
        points = session.create_data_frame(_frame(geopandas.points_from_xy(lng, lat)))
        points.to_memtable().to_view("points", overwrite=True)
        return lambda: len(session.sql(f"SELECT p.id, g.id AS grid {_JOIN}").to_arrow_table())

    yield put


@contextmanager
def duckdb_spatial(grids: Grids) -> Iterator[Put]:
    """DuckDB with its spatial extension: its spatial join of two tables."""
    import duckdb
    import pyarrow as pa
    from duckdb_extensions import import_extension

    with duckdb.connect(config={"threads": 1}) as connection:
        import_extension("spatial")
        connection.execute("LOAD spatial")
        connection.register(
            "ground", pa.table({"id": np.arange(len(grids)), "wkb": list(shapely.to_wkb(grids))})
        )
        connection.execute("CREATE TABLE grids AS SELECT id, ST_GeomFromWKB(wkb) AS geometry FROM ground")

        def put(lng: Floats, lat: Floats) -> Ask:
            connection.register("asked", pa.table({"id": np.arange(len(lng)), "lng": lng, "lat": lat}))
            connection.execute(
                "CREATE OR REPLACE TABLE points AS SELECT id, ST_Point(lng, lat) AS geometry FROM asked"
            )
            return lambda: len(connection.execute(f"SELECT p.id, g.id {_JOIN}").fetchnumpy()["id"])

        yield put


@contextmanager
def postgis(grids: Grids) -> Iterator[Put]:
    """PostGIS: both tables under GiST indexes, its own plan; pairs are counted in the server, not sent."""
    import psycopg

    from app.storage.cluster import ensure, stop

    folder = Path(tempfile.mkdtemp(prefix="gridwright-bench-"))
    try:
        with psycopg.connect(ensure(folder, durable=False), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
            connection.execute("SET max_parallel_workers_per_gather = 0")
            connection.execute("CREATE TABLE grids (id int, geometry geometry)")
            hexes = shapely.to_wkb(grids, hex=True)
            _copy(connection, "grids", enumerate(hexes.tolist()))
            connection.execute("CREATE INDEX ON grids USING gist (geometry)")
            connection.execute("VACUUM ANALYZE grids")

            def put(lng: Floats, lat: Floats) -> Ask:
                connection.execute("DROP TABLE IF EXISTS points")
                connection.execute("CREATE TABLE points (id int, geometry geometry)")
                hexes = shapely.to_wkb(shapely.points(lng, lat), hex=True)
                _copy(connection, "points", enumerate(hexes.tolist()))
                connection.execute("CREATE INDEX ON points USING gist (geometry)")
                connection.execute("VACUUM ANALYZE points")
                return lambda: int(connection.execute(f"SELECT count(*) {_JOIN}").fetchone()[0])

            yield put
    finally:
        stop(folder)


def _copy(connection: Any, table: str, rows: Any) -> None:
    with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


PEERS: dict[str, Callable[[Grids], AbstractContextManager[Put]]] = {
    "geopandas sjoin": geopandas_sjoin,
    "shapely STRtree": shapely_tree,
    "SedonaDB": sedonadb,
    "DuckDB spatial": duckdb_spatial,
    "PostGIS": postgis,
}
