"""/v1/planes/{code}/conflicts"""

import datetime as dt
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query

from app import tokens
from app.conflicts import service
from app.conflicts.repository import KINDS, Kind
from app.conflicts.schemas import ConflictOut, ConflictsOut
from app.errors import Invalid
from app.requests import KnownAt, Limit, Reading, known_moment
from app.tables import Format, csv_response

router = APIRouter(prefix="/v1/planes", tags=["conflicts"])


@router.get("/{code:path}/conflicts", response_model=ConflictsOut)
async def list_conflicts(
    code: str,
    scope: Reading,
    kind: Annotated[Kind | None, Query(description="Only conflicts of this kind.")] = None,
    at: Annotated[dt.date | None, Query(description="The day asked about; today without it.")] = None,
    known_at: KnownAt = None,
    limit: Limit = 100,
    token: str | None = None,
    form: Format = "json",
) -> Any:
    """Where several grids claim one customer, party or market, and by which stated rule it is decided."""
    after = None
    if token is not None:
        after = cast(tuple[str, str], tuple(tokens.key(token, 2)))
        if after[0] not in KINDS:
            raise Invalid("token is not one that this list gave; leave it away.", kind="bad-token")
    day, known = at or scope.today, await known_moment(scope, known_at)
    told = await service.page(scope.connection, code, day, known, kind, after, limit + 1)
    page = told["conflicts"][:limit]
    last = page[-1] if len(told["conflicts"]) > limit else None
    following = tokens.token(last["kind"], service.subject(last)) if last else None
    if form == "csv":
        headers = {"Gridwright-Next": following} if following else None
        return csv_response(page, list(ConflictOut.model_fields), headers)
    return {**told, "conflicts": page, "next": following}
