"""/v1/areas"""

from typing import Any

from fastapi import APIRouter

from app import tokens
from app.orgs import areas, directory
from app.orgs.areas_schemas import AreaDetailOut, AreasOut
from app.orgs.directory import Area
from app.requests import Limit, Reading, When

router = APIRouter(prefix="/v1/areas", tags=["organisation"])


def _document(area: Area, source: Area | None) -> dict[str, Any]:
    return {
        "code": area.code,
        "name": area.name,
        "parent": area.parent,
        "kind": area.kind,
        "class": area.area_class,
        "class_reason": area.class_reason,
        "effective_class": source.area_class if source else "",
        "class_from": source.code if source else None,
        "nbs_code": area.nbs_code,
    }


@router.get("", response_model=AreasOut)
async def list_areas(
    scope: Reading,
    when: When,
    limit: Limit = 1_000,
    token: str | None = None,
) -> dict[str, Any]:
    """The organisation's areas by code, as they were on a day (default: today)."""
    after = tokens.part(token, str, "")
    tree = await directory.areas(scope.connection, when.at, known_at=when.known_at)
    sources = directory.class_sources(tree)
    found = [area for area in tree if area.code > after]
    page, following = tokens.cut(found, limit, lambda area: area.code)
    return {
        "areas": [_document(area, sources[area.area_id]) for area in page],
        "next": following,
    }


@router.get("/{code:path}", response_model=AreaDetailOut)
async def get_area(code: str, scope: Reading, when: When) -> dict[str, Any]:
    """One area as it was on a day, and all that was ever known of it."""
    tree = await directory.areas(scope.connection, when.at, known_at=when.known_at)
    area = areas.named(tree, code, when.at)
    spans = await areas.history(scope.connection, code, when.known_at, corrected=True)
    return {
        **_document(area, directory.class_sources(tree)[area.area_id]),
        "below": [one.code for one in tree if one.parent_id == area.area_id],
        "history": [
            {
                "from": span.valid_from,
                "to": span.valid_to,
                "name": span.name,
                "parent": span.parent,
                "kind": span.kind,
                "class": span.area_class,
                "class_reason": span.class_reason,
                "nbs_code": span.nbs_code,
                "recorded_at": span.recorded_at,
                "superseded_at": span.superseded_at,
            }
            for span in spans
        ],
    }
