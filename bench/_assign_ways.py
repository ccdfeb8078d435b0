"""One way of assigning a file of points, in a process of its own.

    python -m bench._assign_ways WAY FOLDER

FOLDER has points.parquet (id, lng, lat) and grids.parquet (GeoParquet, code); WAY.parquet is written there.
"""

import json
import sys
from pathlib import Path


def in_turn(folder: Path) -> None:
    """Gridwright, every phase after the other, so that each has its own seconds, printed as JSON."""
    from app.filemode.assign import assign
    from app.filemode.assign_input import Options

    options = Options(
        folder / "points.parquet", folder / "grids.parquet", folder / "in_turn.parquet", "wgs84"
    )
    print(json.dumps(assign(options, threads=1).seconds))


def geopandas(folder: Path) -> None:
    """What a user would write: read, make points, sjoin, write. No H3 cell, no nearest grid."""
    import geopandas as gpd
    import pandas as pd

    table = pd.read_parquet(folder / "points.parquet")
    points = gpd.GeoDataFrame(
        table[["id"]], geometry=gpd.points_from_xy(table["lng"], table["lat"]), crs="EPSG:4326"
    )
    grids = gpd.read_parquet(folder / "grids.parquet")
    joined = points.sjoin(grids, how="left", predicate="intersects")
    pd.DataFrame(joined[["id", "code"]]).to_parquet(folder / "geopandas.parquet")


def duckdb(folder: Path) -> None:
    """DuckDB's spatial join from Parquet to Parquet, on all cores. No H3 cell, no nearest grid."""
    import duckdb
    from duckdb_extensions import import_extension

    with duckdb.connect() as connection:
        import_extension("spatial")
        connection.execute("LOAD spatial")
        points, grids = (str(folder / f"{name}.parquet") for name in ("points", "grids"))
        out = str(folder / "duckdb.parquet")
        connection.execute(
            "COPY (SELECT p.id, g.code "
            "FROM (SELECT id, ST_Point(lng, lat) AS place FROM read_parquet($1)) p "
            "LEFT JOIN (SELECT code, geometry FROM read_parquet($2)) g "
            "ON ST_Intersects(g.geometry, p.place)) TO $3 (FORMAT parquet)",
            [points, grids, out],
        )


WAYS = {"in_turn": in_turn, "geopandas": geopandas, "duckdb": duckdb}

if __name__ == "__main__":
    WAYS[sys.argv[1]](Path(sys.argv[2]))
