"""What a loader may ask of the staged rows: to refuse some of them, and to say what codes of grids mean."""

from app.staging.grid_codes_repository import prepare as known_grids
from app.staging.repository import (
    refuse,
    refuse_repeated,
    refuse_spans,
    refuse_unknown,
    refuse_unlisted,
)

__all__ = [
    "known_grids",
    "refuse",
    "refuse_repeated",
    "refuse_spans",
    "refuse_unknown",
    "refuse_unlisted",
]
