"""/v1/planes"""

from typing import Any

from fastapi import APIRouter, Response

from app.audit import service as audit
from app.idempotency.service import Answer
from app.planes import service
from app.planes.schemas import NewPlane, PlaneOut, PlanesOut
from app.planes.service import Plane
from app.requests import Reading, Writing

router = APIRouter(prefix="/v1/planes", tags=["planes"])


def _document(plane: Plane) -> dict[str, Any]:
    return {
        "code": plane.code,
        "name": plane.name,
        "kind": plane.kind,
        "rules": plane.rules,
        "covers": plane.covers,
    }


@router.post("", status_code=201, response_model=PlaneOut)
async def create_plane(body: NewPlane, scope: Writing) -> Response:
    """Make a plane."""

    async def make() -> Answer:
        plane = await service.create(
            scope.connection,
            scope.org_id,
            body.code,
            body.name or body.code,
            body.kind,
            body.rules,
            body.covers.model_dump(),
        )
        document = _document(plane)
        await audit.record(scope.connection, scope.by, "plane.create", "plane", plane.code, after=document)
        return Answer(document, 201)

    return await scope.once(make)


@router.get("", response_model=PlanesOut)
async def list_planes(scope: Reading) -> dict[str, Any]:
    """All planes."""
    return {"planes": [_document(plane) for plane in await service.every(scope.connection)]}


@router.get("/{code:path}", response_model=PlaneOut)
async def get_plane(code: str, scope: Reading) -> dict[str, Any]:
    """One plane."""
    return _document(await service.get(scope.connection, code))
