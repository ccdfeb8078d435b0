"""What is known of accounts, parties and named lists, for whoever asks: as of a day, or over all days."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import h3
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import asking_repository as repository
from app.accounts import uscc
from app.accounts.asking_repository import Wanted
from app.errors import Invalid, NotFound
from app.planes import service as planes
from app.plans import service as plans
from app.storage.dated import AsOf

Document = dict[str, Any]


async def page(
    connection: AsyncConnection,
    asked: AsOf,
    plane: str | None,
    grid: str | None,
    values: Mapping[str, str | None],
    after: int,
    limit: int,
) -> list[Document]:
    """Accounts behind a key, as of a day: those of a grid, and those with the values given.

    ``values``: status (with a plane), segment, tier, net_status, party, building, cluster.
    """
    if plane is None:
        lonely = next((name for name, value in (("grid", grid), *values.items())
                       if name in ("grid", "status") and value is not None), None)  # fmt: skip
        if lonely:
            raise Invalid(f"{lonely} is of a plane: say which, plane=CODE.", kind="missing-plane")
        return await repository.page(connection, asked, Wanted(values=dict(values)), after, limit)
    of = await planes.get(connection, plane)
    grid_id = None
    if grid is not None:
        table = await plans.table_on(connection, of.plane_id, asked.at, asked.known_at)
        table, row = plans.row_of(table, grid, plane, asked.at)
        grid_id = table.grid_ids[row]
    wanted = Wanted(of.plane_id, {**values, "grid_id": grid_id})
    return await repository.page(connection, asked, wanted, after, limit)


async def one(connection: AsyncConnection, account_id: str, asked: AsOf) -> Document:
    """An account as of a day: who it is, what it is, where it stands and what holds it there."""
    row = await _account(connection, account_id)
    found = {name: await repository.facts_on(connection, row["account_pk"], asked, name)
             for name in ("profiles", "places", "clusters", "lists", "locks", "assignments")}  # fmt: skip
    return {
        **_identity(row),
        "at": asked.at,
        "profile": next(map(_profile, found["profiles"]), None),
        "place": next(map(_place, found["places"]), None),
        "cluster": next(map(_spanned, found["clusters"]), None),
        "lists": _all(found["lists"]),
        "locks": _all(found["locks"]),
        "assignments": _all(found["assignments"]),
    }


async def history(connection: AsyncConnection, account_id: str, known_at: dt.datetime | None) -> Document:
    """Every span of every fact of an account: what is known then, or (none) all that ever was believed."""
    row = await _account(connection, account_id)
    found = {
        name: await repository.history(connection, row["account_pk"], known_at, name)
        for name in repository.FACTS
    }
    return {
        "account": account_id,
        "profiles": [_profile(one) for one in found["profiles"]],
        "places": [_place(one) for one in found["places"]],
        **{name: _all(found[name]) for name in ("clusters", "lists", "locks", "assignments")},
    }


async def parties(
    connection: AsyncConnection, asked: AsOf, after: str, limit: int, name: str | None
) -> list[Document]:
    """Parties by id, behind ``after``."""
    return [_checked(row) for row in await repository.parties(connection, asked, after, limit, name)]


async def party(
    connection: AsyncConnection, party_id: str, asked: AsOf, after: int, limit: int
) -> tuple[Document, list[Document]]:
    """A party, the lists that it is on, and a page of its sites with whose they are in each plane."""
    row = await repository.party(connection, asked, party_id)
    if row is None:
        raise NotFound(f"There is no party {party_id!r}.", kind="unknown-party")
    sites = await repository.page(connection, asked, Wanted(values={"party": party_id}), after, limit)
    held = await repository.held(connection, [site["account_pk"] for site in sites], asked)
    lists = await repository.entries(connection, asked, Wanted(values={"party": party_id}), 0, 1_000)
    for site in sites:
        site["assignments"] = [one for one in held if one["account_pk"] == site["account_pk"]]
    return {**_checked(row), "at": asked.at, "lists": _all(lists)}, sites


async def entries(
    connection: AsyncConnection, asked: AsOf, values: Mapping[str, str | None], after: int, limit: int
) -> list[Document]:
    """Entries of named lists that hold on a day; ``values``: plane, list, account, party."""
    if values.get("plane") is not None:
        await planes.get(connection, str(values["plane"]))
    found = await repository.entries(connection, asked, Wanted(values=dict(values)), after, limit)
    return _all(found)


async def _account(connection: AsyncConnection, account_id: str) -> Mapping[str, Any]:
    row = await repository.one(connection, account_id)
    if row is None:
        raise NotFound(f"There is no account {account_id!r}.", kind="unknown-account")
    return row


def _identity(row: Mapping[str, Any]) -> Document:
    names = ("id", "name", "uscc", "confirmed", "attributes")
    return _checked({name: row[name] for name in names})


def _checked(row: Mapping[str, Any]) -> Document:
    """With whether the registry number's check character is right (None: there is no number)."""
    return {**row, "uscc_valid": None if row["uscc"] is None else uscc.is_valid(row["uscc"])}


def _spanned(row: Mapping[str, Any]) -> Document:
    rest = {name: value for name, value in row.items() if name not in ("valid_from", "valid_to")}
    return {**rest, "from": row["valid_from"], "to": row["valid_to"]}


def _all(rows: Iterable[Mapping[str, Any]]) -> list[Document]:
    return [_spanned(row) for row in rows]


def _profile(row: Mapping[str, Any]) -> Document:
    return _spanned(row)


def _place(row: Mapping[str, Any]) -> Document:
    """A place with its coordinates as received beside those in WGS 84."""
    received = {"lng": row["received_lng"], "lat": row["received_lat"], "crs": row["datum"]}
    rest = {k: v for k, v in row.items() if k not in ("received_lng", "received_lat", "datum")}
    return _spanned({**rest, "h3": h3.int_to_str(row["h3"]), "received": received})
