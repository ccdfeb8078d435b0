"""Checking a file of grids."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.filemode.geodata import read_grids, read_polygons
from geo import coverage, files
from geo.coverage import Finding


@dataclass(frozen=True)
class Checked:
    """How many grids there were and what was found."""

    grids: int
    findings: list[Finding]

    @property
    def valid(self) -> bool:
        return coverage.is_valid(self.findings)


def check(
    grids: Path,
    *,
    code_column: str | None = None,
    grids_crs: str | None = None,
    extent: Path | None = None,
    exclusions: Path | None = None,
    encoding: str | None = None,
) -> Checked:
    """Check grids against themselves, an extent that they ought to cover and land that they need not cover.

    Extent and exclusions are in the CRS their files claim, else in that of the grids. Raises InputError for
    files that cannot be read; what is wrong with the grids themselves is a finding.
    """
    read = read_grids(grids, crs=grids_crs, code_column=code_column, encoding=encoding)
    others: list[npt.NDArray[np.object_] | None] = []
    for path in (extent, exclusions):
        if path is None:
            others.append(None)
            continue
        table = files.open_table(path, encoding=encoding)
        others.append(read_polygons(table, table.crs or read.crs, "--grids-crs")[0])
    found = coverage.check(read.geometries, read.codes, extent=others[0], exclusions=others[1])
    return Checked(len(read.codes), found)
