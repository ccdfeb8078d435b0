"""/v1/plans"""

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

import anyio.to_thread
from fastapi import APIRouter, Header, Query, Response

from app import tokens
from app.audit import service as audit
from app.idempotency.service import Answer
from app.orgs import directory
from app.planes import service as planes
from app.plans import checking, comparison, documents, features, handing, moves, service, steps, validation
from app.plans.schemas import (
    CheckOut,
    Datum,
    DiffOut,
    HandoverList,
    HandoverOut,
    NewPlan,
    PlanOut,
    PlansOut,
    Validation,
)
from app.requests import Limit, Reading, Scope, Writing
from app.tables import Format, csv_response
from geo.coverage import finding_to_json, is_valid

router = APIRouter(prefix="/v1/plans", tags=["plans"])

IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The ETag you have seen; 412 when it is stale.")
]


@router.post("", status_code=201, response_model=PlanOut)
async def create_plan(body: NewPlan, scope: Writing) -> Response:
    """Make a draft with the grids of its base."""

    async def make() -> Answer:
        plane = await planes.get(scope.connection, body.plane)
        base = body.base
        if "base" not in body.model_fields_set:
            current = await service.in_force(scope.connection, plane.plane_id, scope.today)
            base = current.plan_id if current else None
        name = body.name.strip() or f"{plane.code} {scope.today.isoformat()}"
        plan = await service.create_draft(scope.connection, scope.org_id, plane, base, name, scope.actor)
        document = await documents.document(scope.connection, plan, plane)
        await audit.record(
            scope.connection, scope.by, "plan.create", "plan", str(plan.plan_id), after=document
        )
        headers = {"ETag": plan.etag, "Location": f"/v1/plans/{plan.plan_id}"}
        return Answer(document, 201, headers)

    return await scope.once(make)


@router.get("", response_model=PlansOut)
async def list_plans(
    plane: str,
    scope: Reading,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    token: str | None = None,
) -> dict[str, Any]:
    """Plans of a plane, the newest first."""
    of = await planes.get(scope.connection, plane)
    after = tokens.parts(token, dt.datetime.fromisoformat, uuid.UUID)
    found = await service.page(scope.connection, of.plane_id, after, limit + 1)
    page, following = tokens.cut(found, limit, lambda plan: (plan.created_at, plan.plan_id))
    return {
        "plans": [await documents.summary(scope.connection, plan, of) for plan in page],
        "next": following,
    }


@router.get("/{plan_id}", response_model=PlanOut)
async def get_plan(plan_id: uuid.UUID, scope: Reading, response: Response) -> dict[str, Any]:
    """One plan; its ETag is its version."""
    plan = await service.get(scope.connection, plan_id)
    response.headers["ETag"] = plan.etag
    return await documents.document(
        scope.connection, plan, await planes.by_id(scope.connection, plan.plane_id)
    )


@router.get("/{plan_id}/grids", response_class=Response)
async def plan_grids(
    plan_id: uuid.UUID, scope: Reading, datum: Datum = "wgs84", at: dt.date | None = None
) -> Response:
    """The plan's grids as a GeoJSON FeatureCollection, with the classes of a day (default: today)."""
    day = at or scope.today
    plan = await service.get(scope.connection, plan_id)
    table = await service.grid_table(scope.connection, plan_id)
    areas = {area.area_id: area.code for area in await directory.areas(scope.connection, day)}
    classes = await service.classes_on(scope.connection, table, day)
    body = await anyio.to_thread.run_sync(features.feature_collection, plan, table, classes, areas, datum)
    return Response(body, headers={"ETag": plan.etag}, media_type="application/geo+json")


@router.get("/{plan_id}/check", response_model=CheckOut)
async def check_plan(plan_id: uuid.UUID, scope: Reading) -> dict[str, Any]:
    """All that is wrong with the plan's grids."""
    plan = await service.get(scope.connection, plan_id)
    plane = await planes.by_id(scope.connection, plan.plane_id)
    found = await checking.findings(scope.connection, plane, plan, scope.today)
    return {
        "valid": is_valid(found),
        "grids": len(await service.grid_table(scope.connection, plan_id)),
        "findings": [finding_to_json(finding) for finding in found],
    }


async def _two(scope: Scope, plan_id: uuid.UUID, against: uuid.UUID | None) -> moves.Pair:
    plan = await service.get(scope.connection, plan_id)
    plane = await planes.by_id(scope.connection, plan.plane_id)
    return await moves.pair(scope.connection, plane, plan, against, scope.today)


Against = Annotated[
    uuid.UUID | None,
    Query(description="The plan to compare with; default: the one it takes over from, else its base."),
]


@router.get("/{plan_id}/diff", response_model=DiffOut)
async def diff_plan(plan_id: uuid.UUID, scope: Reading, against: Against = None) -> dict[str, Any]:
    """How the plan differs from another: grids, land, customers and buildings."""
    two = await _two(scope, plan_id, against)
    return await comparison.diff(scope.connection, scope.org_id, two)


@router.get("/{plan_id}/handover", response_model=HandoverOut)
async def handover_plan(
    plan_id: uuid.UUID,
    scope: Reading,
    against: Against = None,
    as_format: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> Any:
    """Who gives what to whom when the plan takes effect."""
    two = await _two(scope, plan_id, against)
    document = await comparison.handover(scope.connection, scope.org_id, two)
    if as_format == "json":
        return document
    headers = {"Content-Disposition": f'attachment; filename="handover-{plan_id}.csv"'}
    return Response(comparison.as_csv(document), headers=headers, media_type="text/csv; charset=utf-8")


@router.get("/{plan_id}/handover/list", response_model=HandoverList)
async def handover_list(
    plan_id: uuid.UUID,
    scope: Reading,
    against: Against = None,
    step: Annotated[int | None, Query(ge=1, description="Only what this step of the redraw moves.")] = None,
    what: handing.What | None = None,
    grid: Annotated[str | None, Query(description="Only what this grid gives or receives.")] = None,
    limit: Limit = 1_000,
    token: str | None = None,
    form: Format = "json",
) -> Any:
    """Every customer and building that changes hands: from whom, to whom, and with which step."""
    two = await _two(scope, plan_id, against)
    found = await handing.page(
        scope.connection,
        scope.org_id,
        two,
        step=step,
        what=what,
        grid=grid,
        after=tokens.parts(token, tokens.number, str, str),
        limit=limit + 1,
    )
    page, following = tokens.cut(found, limit, handing.key)
    if form == "csv":
        return csv_response(handing.as_table(page), handing.COLUMNS, following)
    return {**comparison.head(two), "rows": page, "next": following}


@router.get("/{plan_id}/steps", response_class=Response)
async def plan_steps(plan_id: uuid.UUID, scope: Reading, datum: Datum = "wgs84") -> Response:
    """The ground that each step of the redraw moves, in order, as a GeoJSON FeatureCollection."""
    plan = await service.get(scope.connection, plan_id)
    codes = dict((await service.grid_table(scope.connection, plan_id)).code_of)
    if plan.base_plan_id is not None:
        codes = (await service.grid_table(scope.connection, plan.base_plan_id)).code_of | codes
    lands = [
        land
        for land in await steps.of_plan(scope.connection, plan_id)
        if land.giver in codes and land.receiver in codes
    ]
    body = await anyio.to_thread.run_sync(features.step_collection, plan, lands, codes, datum)
    return Response(body, headers={"ETag": plan.etag}, media_type="application/geo+json")


@router.post("/{plan_id}/validate", response_model=PlanOut)
async def validate_plan(
    plan_id: uuid.UUID, body: Validation, scope: Writing, if_match: IfMatch = None
) -> Response:
    """Check the draft and say that it may be published. Errors block it, warnings want an acknowledgement."""

    async def validate() -> Answer:
        plan = await service.get(scope.connection, plan_id)
        plane = await planes.by_id(scope.connection, plan.plane_id)
        plan = await validation.validate(
            scope.connection,
            plane,
            plan,
            acknowledge=body.acknowledge,
            actor=scope.actor,
            day=scope.today,
            if_match=if_match,
        )
        document = await documents.document(scope.connection, plan, plane)
        after = {"status": plan.status, "version": plan.version, "acknowledged": plan.acknowledged}
        await audit.record(scope.connection, scope.by, "plan.validate", "plan", str(plan_id), after=after)
        return Answer(document, 200, {"ETag": plan.etag})

    return await scope.once(validate)
