"""The one place that reads and writes tables and geodata files, by extension.

.csv .parquet (GeoParquet when it has geometry) .gpkg .geojson .json .shp .fgb. Reading and writing go by
record batches, so that memory is bounded for CSV and Parquet whatever the size. Ids and codes stay text:
every column of a CSV is text, and "007" and "NA" are codes.
"""

from geo.files.convert import geometries, numbers, text, truths
from geo.files.reading import EXTENSIONS, Table, open_table
from geo.files.writing import write_batches, write_table

__all__ = [
    "EXTENSIONS",
    "Table",
    "geometries",
    "numbers",
    "open_table",
    "text",
    "truths",
    "write_batches",
    "write_table",
]
