"""/v1/planes/{code}/conflicts"""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app import tokens
from app.conflicts import service
from app.conflicts.repository import KINDS, Kind
from app.conflicts.schemas import ConflictOut, ConflictsOut
from app.requests import Limit, Reading, When
from app.tables import Format, csv_response

router = APIRouter(prefix="/v1/planes", tags=["conflicts"])


@router.get("/{code:path}/conflicts", response_model=ConflictsOut)
async def list_conflicts(
    code: str,
    scope: Reading,
    when: When,
    kind: Annotated[Kind | None, Query(description="Only conflicts of this kind.")] = None,
    limit: Limit = 100,
    token: str | None = None,
    form: Format = "json",
) -> Any:
    """Where several grids claim one customer, party or market, and by which stated rule it is decided."""
    after = tokens.parts(token, _kind, str)
    told = await service.page(scope.connection, code, when.at, when.known_at, kind, after, limit + 1)
    page, following = tokens.cut(
        told["conflicts"], limit, lambda found: (found["kind"], service.subject(found))
    )
    if form == "csv":
        return csv_response(page, list(ConflictOut.model_fields), following)
    return {**told, "conflicts": page, "next": following}


def _kind(text: str) -> str:
    if text not in KINDS:
        raise ValueError(text)
    return text
