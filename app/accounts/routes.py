"""/v1/accounts, /v1/parties, /v1/named-lists

An id is the organisation's own and may hold anything, slashes too: the whole path up to the last word is it.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from app import tokens
from app.accounts import asking
from app.accounts.schemas import (
    AccountHistory,
    AccountOut,
    AccountRow,
    AccountsOut,
    EntriesOut,
    NamedEntry,
    PartiesOut,
    PartyOut,
)
from app.requests import KnownAt, Limit, Reading, When, known_moment
from app.tables import Format, csv_response

router = APIRouter(prefix="/v1", tags=["accounts"])

Status = Literal["assigned", "outside", "quarantined", "uncovered", "unassigned"]


@router.get("/accounts", response_model=AccountsOut)
async def list_accounts(
    scope: Reading,
    when: When,
    plane: str | None = None,
    grid: Annotated[str | None, Query(description="Only those in this grid of the plane.")] = None,
    status: Annotated[Status | None, Query(description="Only those with this status in the plane.")] = None,
    segment: str | None = None,
    tier: str | None = None,
    net_status: Literal["on_net", "off_net", "prospect"] | None = None,
    party: str | None = None,
    building: str | None = None,
    cluster: str | None = None,
    limit: Limit = 100,
    token: str | None = None,
    form: Format = "json",
) -> Any:
    """Accounts that were customers or prospects on the day, in an order that stays the same."""
    values = {
        "status": status,
        "segment": segment,
        "tier": tier,
        "net_status": net_status,
        "party": party,
        "building": building,
        "cluster": cluster,
    }
    found = await asking.page(
        scope.connection, when, plane, grid, values, tokens.part(token, tokens.number, 0), limit + 1
    )
    page, following = tokens.cut(found, limit, lambda row: row["account_pk"])
    if form == "csv":
        return _table(page, AccountRow, following)
    return {"at": when.at, "accounts": page, "next": following}


@router.get("/accounts/{account_id:path}/history", response_model=AccountHistory)
async def account_history(account_id: str, scope: Reading, known_at: KnownAt = None) -> dict[str, Any]:
    """Every span of every fact of an account, and when each was believed.

    Without ``known_at`` that includes what has been corrected since; with it, what was known then.
    """
    return await asking.history(scope.connection, account_id, await known_moment(scope, known_at))


@router.get("/accounts/{account_id:path}", response_model=AccountOut)
async def get_account(account_id: str, scope: Reading, when: When) -> dict[str, Any]:
    """One account on a day: its profile, its place as received and in WGS 84, its market, lists and locks."""
    return await asking.one(scope.connection, account_id, when)


@router.get("/parties", response_model=PartiesOut)
async def list_parties(
    scope: Reading,
    when: When,
    name: Annotated[str | None, Query(description="Only those whose name has this text.")] = None,
    limit: Limit = 100,
    token: str | None = None,
) -> dict[str, Any]:
    """Enterprises with several sites, by id."""
    found = await asking.parties(scope.connection, when, tokens.part(token, str, ""), limit + 1, name)
    page, following = tokens.cut(found, limit, lambda row: row["id"])
    return {"at": when.at, "parties": page, "next": following}


@router.get("/parties/{party_id:path}", response_model=PartyOut)
async def get_party(
    party_id: str,
    scope: Reading,
    when: When,
    limit: Limit = 100,
    token: str | None = None,
) -> dict[str, Any]:
    """One party: the lists it is on, and its sites (paged) with whose they are in each plane."""
    told, sites = await asking.party(
        scope.connection, party_id, when, tokens.part(token, tokens.number, 0), limit + 1
    )
    page, following = tokens.cut(sites, limit, lambda row: row["account_pk"])
    return {**told, "accounts": page, "next": following}


@router.get("/named-lists", response_model=EntriesOut)
async def list_entries(
    scope: Reading,
    when: When,
    plane: str | None = None,
    list_name: Annotated[str | None, Query(alias="list", description="Only this list.")] = None,
    account: str | None = None,
    party: str | None = None,
    limit: Limit = 100,
    token: str | None = None,
    form: Format = "json",
) -> Any:
    """Entries of named lists that hold on the day."""
    values = {"plane": plane, "list": list_name, "account": account, "party": party}
    found = await asking.entries(
        scope.connection, when, values, tokens.part(token, tokens.number, 0), limit + 1
    )
    page, following = tokens.cut(found, limit, lambda row: row["entry_id"])
    if form == "csv":
        return _table(page, NamedEntry, following)
    return {"at": when.at, "entries": page, "next": following}


def _table(rows: Sequence[dict[str, Any]], model: Any, following: str | None) -> Response:
    names = [field.alias or name for name, field in model.model_fields.items()]
    return csv_response(rows, names, following)
