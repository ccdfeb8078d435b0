"""Reading the geodata that file mode works with, in working coordinates."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from geo import columns, files
from geo.datum import parse_crs, polygons_to_working
from geo.errors import InputError

Geometries = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Grids:
    """Polygons (n,) in working coordinates, their codes (n,) and the CRS they came in."""

    geometries: Geometries
    codes: list[str | None]
    crs: str


def chosen_crs(table: files.Table, said: str | None, option: str) -> str:
    """The CRS that was named, else the one the file claims; an InputError when there is neither."""
    if said is not None:
        return parse_crs(said)
    if table.crs is None:
        raise InputError(
            f"the file does not say in which CRS it is: name it by {option} wgs84, gcj02, bd09 or epsg:N",
            kind="missing-crs",
            file=str(table.path),
        )
    return table.crs


def read_grids(
    path: Path, *, crs: str | None = None, code_column: str | None = None, encoding: str | None = None
) -> Grids:
    """Grids of a file; ``code_column`` None looks for ``code`` and its aliases."""
    table = files.open_table(path, encoding=encoding)
    geometries, name = read_polygons(table, crs, "--grids-crs")
    code = table.require(code_column) if code_column else _code(table)
    return Grids(geometries, files.text(table.read([code])[code]).to_pylist(), name)


def read_polygons(table: files.Table, crs: str | None, option: str) -> tuple[Geometries, str]:
    """All geometries of a table in working coordinates, and the CRS they came in."""
    if not table.has_geometry:
        raise InputError(
            f"the file has no geometry; its columns are {columns.listed(table.columns)}: expected polygons",
            kind="missing-column",
            file=str(table.path),
            column="geometry",
        )
    name = chosen_crs(table, crs, option)
    shapes = files.geometries(table.read(["geometry"])["geometry"], file=str(table.path))
    try:
        return polygons_to_working(shapes, name), name
    except InputError as error:
        error.file = str(table.path)
        raise


def _code(table: files.Table) -> str:
    return columns.resolve("grids", table.columns).columns.get("code") or table.require("code")
