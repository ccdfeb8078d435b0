"""Which plan answers: the one in force on the day asked about, or the one that is named."""

import datetime as dt
import uuid

from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments import locators
from app.assignments.locators import Ground
from app.errors import Invalid
from app.planes.service import Plane
from app.plans import service as plans


async def ground_of(
    connection: AsyncConnection,
    plane: Plane,
    day: dt.date,
    plan_id: uuid.UUID | None = None,
    known_at: dt.datetime | None = None,
) -> Ground | None:
    """The ground of the plan in force on that day, as known then (None: none is), or of the plan named.

    Which plan that is, and its version, is read from the database for every request: an answer is never
    staler than its transaction, and without a database there is no answer. Questions of what is known now
    need no transaction for that (:mod:`app.standing.asking`).
    """
    if plan_id is None:
        plan = await plans.in_force(connection, plane.plane_id, day, known_at)
    else:
        plan = await plans.get(connection, plan_id)
        if plan.plane_id != plane.plane_id:
            raise Invalid(
                f"The plan {plan_id} is not one of plane {plane.code!r}; name one of its plans.",
                kind="foreign-plan",
            )
    return await locators.ground(connection, plan) if plan else None
