"""The join that a Spark user writes by hand: pandas batches against a shapely tree that is broadcast as WKB.

python -m bench._spark_peer FOLDER MASTER: reads points.parquet and grids.parquet of the folder, writes the
folder peer.parquet with the code of a grid that each point touches, and prints the seconds as JSON.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyspark.sql import SparkSession


def main() -> None:
    """Join and write."""
    folder, master = Path(sys.argv[1]), sys.argv[2]
    start = time.perf_counter()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = SparkSession.builder.master(master).config("spark.ui.enabled", "false").getOrCreate()
    started = time.perf_counter()
    ground = gpd.read_parquet(folder / "grids.parquet")
    known = spark.sparkContext.broadcast((shapely.to_wkb(ground.geometry.values), list(ground["code"])))

    def join(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        wkb, codes = known.value
        shapes = shapely.from_wkb(wkb)
        shapely.prepare(shapes)
        tree = shapely.STRtree(shapes)
        names = np.array([*codes, None], dtype=object)
        for batch in batches:
            places = shapely.points(batch["lng"].to_numpy(), batch["lat"].to_numpy())
            point, grid = tree.query(places, predicate="intersects")
            found = np.full(len(batch), -1)
            found[point] = grid
            yield pd.DataFrame({"id": batch["id"], "grid": names[found]})

    points = spark.read.parquet(str(folder / "points.parquet"))
    joined = points.mapInPandas(join, "id string, grid string")
    joined.write.mode("overwrite").parquet(str(folder / "peer.parquet"))
    end = time.perf_counter()
    print(json.dumps({"spark": started - start, "total": end - start}))
    spark.stop()


if __name__ == "__main__":
    main()
