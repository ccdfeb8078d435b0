"""Other ways to find the grid of each point, used as their own documentation advises, on one core.

A peer takes the grids once and gives a function that takes points; that gives the question, ready to be asked
again and again. Only the question is timed: points are in the peer's own form by then, and every index is
built, also one over the points, which serves those points alone.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Grids = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Question:
    """``ask`` is what is timed; ``pairs`` gives the same answer as rows of points and rows of grids."""

    ask: Callable[[], Any]
    pairs: Callable[[], tuple[Ints, Ints]]


Put = Callable[[Floats, Floats], Question]
"""Takes longitudes and latitudes in WGS 84 degrees."""

_JOIN = "FROM points p JOIN grids g ON ST_Intersects(g.geometry, p.geometry)"


def frame(geometry: Any) -> geopandas.GeoDataFrame:
    """A frame with a row number for each geometry, no index built."""
    return geopandas.GeoDataFrame({"id": np.arange(len(geometry))}, geometry=geometry, crs=4326)


@contextmanager
def _sjoin(grids: Grids, *, points_left: bool) -> Iterator[Put]:
    ground = frame(grids)

    def put(lng: Floats, lat: Floats) -> Question:
        points = frame(geopandas.points_from_xy(lng, lat))
        left, right = (points, ground) if points_left else (ground, points)
        point, grid = ("id_left", "id_right") if points_left else ("id_right", "id_left")

        def ask() -> Any:
            return left.sjoin(right, predicate="intersects")

        return Question(ask, lambda: _columns(ask(), point, grid))

    yield put


def sjoin_points_left(grids: Grids) -> AbstractContextManager[Put]:
    """geopandas.sjoin as its user guide has it: points on the left, which keeps them as the rows."""
    return _sjoin(grids, points_left=True)


def sjoin_grids_left(grids: Grids) -> AbstractContextManager[Put]:
    """geopandas.sjoin with grids on the left: GEOS then prepares each grid and asks the points' index."""
    return _sjoin(grids, points_left=False)


def _columns(joined: Any, point: str, grid: str) -> tuple[Ints, Ints]:
    return joined[point].to_numpy(), joined[grid].to_numpy()


@contextmanager
def shapely_tree(grids: Grids) -> Iterator[Put]:
    """shapely.STRtree over the points, asked for those of each grid: it prepares what it is asked with."""

    def put(lng: Floats, lat: Floats) -> Question:
        tree = shapely.STRtree(shapely.points(lng, lat))

        def ask() -> Any:
            return tree.query(grids, predicate="intersects")

        return Question(ask, lambda: tuple(ask()[::-1]))

    yield put


@contextmanager
def sedonadb(grids: Grids) -> Iterator[Put]:
    """SedonaDB: a join in SQL, the execution mode its own choice (of those it has, none was quicker by more
    than its figures vary)."""
    import sedona.db

    session = sedona.db.connect()
    session.sql("SET datafusion.execution.target_partitions = 1").execute()
    session.create_data_frame(frame(grids)).to_memtable().to_view("grids", overwrite=True)

    def put(lng: Floats, lat: Floats) -> Question:
        points = session.create_data_frame(frame(geopandas.points_from_xy(lng, lat)))
        points.to_memtable().to_view("points", overwrite=True)

        def ask() -> Any:
            return session.sql(f"SELECT p.id AS point, g.id AS grid {_JOIN}").to_arrow_table()

        return Question(ask, lambda: tuple(ask()[name].to_numpy() for name in ("point", "grid")))

    yield put


@contextmanager
def duckdb_spatial(grids: Grids) -> Iterator[Put]:
    """DuckDB with its spatial extension: its spatial join operator, which makes its own index each time (an
    R-tree index kept with a table serves filters by a constant, not joins)."""
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

        def put(lng: Floats, lat: Floats) -> Question:
            connection.register("asked", pa.table({"id": np.arange(len(lng)), "lng": lng, "lat": lat}))
            connection.execute(
                "CREATE OR REPLACE TABLE points AS SELECT id, ST_Point(lng, lat) AS geometry FROM asked"
            )

            def ask() -> Any:
                return connection.execute(f"SELECT p.id AS point, g.id AS grid {_JOIN}").fetchnumpy()

            return Question(ask, lambda: tuple(ask()[name] for name in ("point", "grid")))

        yield put


@contextmanager
def postgis(grids: Grids) -> Iterator[Put]:
    """PostGIS: both tables under GiST indexes, in their order, analysed, its own plan; pairs are counted in
    the server, not sent. Its plan keeps each grid prepared while it looks through the index of points; grids
    divided by ST_Subdivide, which serves looking points up one by one, took three times as long."""
    import psycopg

    from app.storage.cluster import ensure, stop

    folder = Path(tempfile.mkdtemp(prefix="gridwright-bench-"))
    try:
        with psycopg.connect(ensure(folder, durable=False), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
            connection.execute("SET max_parallel_workers_per_gather = 0")
            _table(connection, "grids", grids)

            def put(lng: Floats, lat: Floats) -> Question:
                _table(connection, "points", shapely.points(lng, lat))

                def ask() -> Any:
                    return connection.execute(f"SELECT count(*) {_JOIN}").fetchone()

                def pairs() -> tuple[Ints, Ints]:
                    found = np.array(connection.execute(f"SELECT p.id, g.id {_JOIN}").fetchall(), np.int64)
                    return found[:, 0], found[:, 1]

                return Question(ask, pairs)

            yield put
    finally:
        stop(folder)


def _table(connection: Any, name: str, geometry: Any) -> None:
    connection.execute(f"DROP TABLE IF EXISTS {name}")
    connection.execute(f"CREATE TABLE {name} (id int, geometry geometry)")
    with connection.cursor().copy(f"COPY {name} FROM STDIN") as copy:
        for row in enumerate(shapely.to_wkb(geometry, hex=True).tolist()):
            copy.write_row(row)
    connection.execute(f"CREATE INDEX {name}_geometry ON {name} USING gist (geometry)")
    connection.execute(f"CLUSTER {name} USING {name}_geometry")
    connection.execute(f"VACUUM ANALYZE {name}")


PEERS: dict[str, Callable[[Grids], AbstractContextManager[Put]]] = {
    "sjoin, grids left": sjoin_grids_left,
    "sjoin, points left": sjoin_points_left,
    "shapely STRtree": shapely_tree,
    "SedonaDB": sedonadb,
    "DuckDB spatial": duckdb_spatial,
    "PostGIS": postgis,
}
