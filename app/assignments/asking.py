"""What is stored of an account or a building as of a day, as it was known then."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import facts as account_facts
from app.assignments import repository
from app.errors import NotFound
from app.places import facts as place_facts
from app.planes import service as planes

Document = dict[str, Any]


async def of_account(
    connection: AsyncConnection,
    account_id: str,
    plane: str | None,
    at: dt.date,
    known_at: dt.datetime | None,
) -> list[Document]:
    """The account's assignment in each plane (or the one named) on a day, as known then."""
    key = await account_key(connection, account_id)
    await _check_plane(connection, plane)
    rows = await repository.of_account(connection, key, plane, at, known_at)
    return [_document(row) for row in rows]


async def of_building(
    connection: AsyncConnection,
    building_id: str,
    plane: str | None,
    at: dt.date,
    known_at: dt.datetime | None,
) -> list[Document]:
    """The building's assignment in each plane of places (or the one named) on a day, as known then."""
    found = await place_facts.building_keys_of(connection, [building_id])
    if not found:
        raise NotFound(f"There is no building {building_id!r}.", kind="unknown-building")
    await _check_plane(connection, plane)
    rows = await repository.of_building(connection, found[building_id], plane, at, known_at)
    return [_document(row) | {"share": row["share"]} for row in rows]


async def account_key(connection: AsyncConnection, account_id: str) -> int:
    """The key of the account with the organisation's own id; raises :class:`NotFound`."""
    found = await account_facts.keys_of(connection, [account_id])
    if not found:
        raise NotFound(f"There is no account {account_id!r}.", kind="unknown-account")
    return found[account_id]


async def _check_plane(connection: AsyncConnection, plane: str | None) -> None:
    if plane is not None:
        await planes.get(connection, plane)


def _document(row: Mapping[str, Any]) -> Document:
    return {
        "plane": row["plane"],
        "grid": row["grid"],
        "status": row["status"],
        "rule": row["rule"],
        "tie": row["tie"],
        "evidence": row["evidence"],
        "from": row["valid_from"],
        "to": row["valid_to"],
    }
