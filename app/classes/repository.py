"""How many live or are served in each H3 cell, from buildings and customers as of a day."""

import datetime as dt

import numpy as np
import numpy.typing as npt
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.columns import Kind, read_columns
from geo.classify import Measure

_HOUSEHOLDS = """
    SELECT h3, sum(households) AS value FROM building_versions
    WHERE superseded_at IS NULL AND valid_from <= :day AND (valid_to IS NULL OR :day < valid_to)
      AND households > 0 AND h3 <> 0
    GROUP BY h3 ORDER BY h3
"""
_CUSTOMERS = """
    SELECT h3, count(*) AS value FROM account_places
    WHERE superseded_at IS NULL AND valid_from <= :day AND (valid_to IS NULL OR :day < valid_to)
      AND h3 <> 0
    GROUP BY h3 ORDER BY h3
"""
_QUERIES: dict[Measure, str] = {"households": _HOUSEHOLDS, "customers": _CUSTOMERS}
_KINDS: dict[str, Kind] = {"h3": "int64", "value": "float64"}


async def by_cell(
    connection: AsyncConnection, measure: Measure, day: dt.date
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.float64]]:
    """Cells of buildings or customers, ascending, and the households or customers in each."""
    found = await read_columns(connection, _QUERIES[measure], _KINDS, day=day)
    return found["h3"].astype(np.uint64), found["value"]
