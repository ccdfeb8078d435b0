"""/v1/areas/{code}/class, /v1/areas/{code}/reclass and /v1/areas/class-suggestions"""

from typing import Any

from fastapi import APIRouter, Response

from app.classes import service, suggesting
from app.classes.effect import Change
from app.classes.schemas import (
    ClassWanted,
    EffectOut,
    ReclassWanted,
    SuggestionOut,
    SuggestionsOut,
    SuggestionsWanted,
)
from app.idempotency.service import Answer
from app.requests import Reading, Writing
from app.tables import Format, csv_response

COLUMNS = [field.alias or name for name, field in SuggestionOut.model_fields.items()]

router = APIRouter(prefix="/v1/areas", tags=["organisation"])


async def _change(code: str, body: ClassWanted, scope: Writing, *, dry_run: bool) -> Response:
    change = Change(code, body.area_class, body.since or scope.today, body.reason)

    async def make() -> Answer:
        told: dict[str, Any] = await service.reclass(
            scope.connection, scope.org_id, change, scope.by, dry_run=dry_run
        )
        return Answer(told)

    return await scope.once(make)


@router.post("/class-suggestions", response_model=SuggestionsOut)
async def suggest_classes(body: SuggestionsWanted, scope: Reading, as_format: Format = "json") -> Any:
    """What the density of households or customers suggests for each area, with the evidence.

    Nothing is applied: reclass the areas you agree with.
    """
    told = await suggesting.suggestions(
        scope.connection, body.at or scope.today, body.kind, differing=body.differing
    )
    return csv_response(told["suggestions"], COLUMNS) if as_format == "csv" else told


@router.put("/{code:path}/class", response_model=EffectOut)
async def put_class(code: str, body: ClassWanted, scope: Writing) -> Response:
    """Give an area its own class from a day on; the answer says what that did."""
    return await _change(code, body, scope, dry_run=False)


@router.post("/{code:path}/reclass", response_model=EffectOut)
async def reclass(code: str, body: ReclassWanted, scope: Writing) -> Response:
    """Show what another class of an area does to grids, targets and people; do it when dry_run is false."""
    return await _change(code, body, scope, dry_run=body.dry_run)
