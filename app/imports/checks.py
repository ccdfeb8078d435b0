"""What a loader may ask of the staged rows: to refuse some of them, and to say what codes of grids mean."""

from app.imports.known_grids_repository import prepare as known_grids
from app.imports.staging_repository import refuse, refuse_repeated, refuse_spans, refuse_unknown

__all__ = ["known_grids", "refuse", "refuse_repeated", "refuse_spans", "refuse_unknown"]
