"""Owners of grids follow the plans in force: what a plan says of a grid's owner holds while it does."""

import uuid
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from app.orgs import responsibilities
from app.orgs.responsibilities import Owned
from app.plans import grids_repository
from app.plans.calendar import Change

Said = Mapping[uuid.UUID, str | None]


async def follow(
    connection: AsyncConnection, org_id: uuid.UUID, plane_id: uuid.UUID, changes: Sequence[Change]
) -> None:
    """Write the owners that these changes of the calendar bring.

    A grid of which the new plan names no owner keeps the one it has from elsewhere; where it had its owner
    from the plan that held before, it gets back the one from before that plan.
    """
    for change in changes:
        before = await _said(connection, change.before)
        after = await _said(connection, change.after)
        earlier: Mapping[uuid.UUID, str] = {}
        if any(person and not after.get(grid_id) for grid_id, person in before.items()):
            earlier = await responsibilities.owners(connection, plane_id, change.eve) if change.eve else {}
        await responsibilities.set_owners(
            connection, org_id, plane_id, _owned(change, before, after, earlier)
        )


def _owned(change: Change, before: Said, after: Said, earlier: Mapping[uuid.UUID, str]) -> Iterator[Owned]:
    for grid_id, person in after.items():
        if person:
            yield Owned(grid_id, person, change.valid_from, change.valid_to)
    for grid_id, person in before.items():
        if person and not after.get(grid_id):
            back = earlier.get(grid_id) if grid_id in after else None
            yield Owned(grid_id, back, change.valid_from, change.valid_to)


async def _said(connection: AsyncConnection, plan_id: uuid.UUID | None) -> Said:
    return await grids_repository.owners(connection, plan_id) if plan_id else {}
