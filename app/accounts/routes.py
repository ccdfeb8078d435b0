"""/v1/accounts, /v1/parties, /v1/named-lists

An id is the organisation's own and may hold anything, slashes too: the whole path up to the last word is it.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from app import tokens
from app.accounts import asking
from app.accounts.asking import AsOf
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
from app.errors import Invalid
from app.requests import At, KnownAt, Limit, Reading, known_moment
from app.tables import Format, csv_response

router = APIRouter(prefix="/v1", tags=["accounts"])

Status = Literal["assigned", "outside", "quarantined", "uncovered", "unassigned"]


@router.get("/accounts", response_model=AccountsOut)
async def list_accounts(
    scope: Reading,
    plane: str | None = None,
    grid: Annotated[str | None, Query(description="Only those in this grid of the plane.")] = None,
    status: Annotated[Status | None, Query(description="Only those with this status in the plane.")] = None,
    segment: str | None = None,
    tier: str | None = None,
    net_status: Literal["on_net", "off_net", "prospect"] | None = None,
    party: str | None = None,
    building: str | None = None,
    cluster: str | None = None,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = 100,
    token: str | None = None,
    form: Format = "json",
) -> Any:
    """Accounts that were customers or prospects on the day, in an order that stays the same."""
    asked = AsOf(at or scope.today, await known_moment(scope, known_at))
    values = {
        "status": status,
        "segment": segment,
        "tier": tier,
        "net_status": net_status,
        "party": party,
        "building": building,
        "cluster": cluster,
    }
    found = await asking.page(scope.connection, asked, plane, grid, values, _number(token), limit + 1)
    page, following = _cut(found, limit, "account_pk")
    if form == "csv":
        return _table(page, AccountRow, following)
    return {"at": asked.at, "accounts": page, "next": following}


@router.get("/accounts/{account_id:path}/history", response_model=AccountHistory)
async def account_history(account_id: str, scope: Reading, known_at: KnownAt = None) -> dict[str, Any]:
    """Every span of every fact of an account, and when each was believed.

    Without ``known_at`` that includes what has been corrected since; with it, what was known then.
    """
    return await asking.history(scope.connection, account_id, await known_moment(scope, known_at))


@router.get("/accounts/{account_id:path}", response_model=AccountOut)
async def get_account(
    account_id: str, scope: Reading, at: At = None, known_at: KnownAt = None
) -> dict[str, Any]:
    """One account on a day: its profile, its place as received and in WGS 84, its market, lists and locks."""
    asked = AsOf(at or scope.today, await known_moment(scope, known_at))
    return await asking.one(scope.connection, account_id, asked)


@router.get("/parties", response_model=PartiesOut)
async def list_parties(
    scope: Reading,
    name: Annotated[str | None, Query(description="Only those whose name has this text.")] = None,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = 100,
    token: str | None = None,
) -> dict[str, Any]:
    """Enterprises with several sites, by id."""
    asked = AsOf(at or scope.today, await known_moment(scope, known_at))
    after = tokens.key(token, 1)[0] if token is not None else ""
    page, following = _cut(await asking.parties(scope.connection, asked, after, limit + 1, name), limit, "id")
    return {"at": asked.at, "parties": page, "next": following}


@router.get("/parties/{party_id:path}", response_model=PartyOut)
async def get_party(
    party_id: str,
    scope: Reading,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = 100,
    token: str | None = None,
) -> dict[str, Any]:
    """One party: the lists it is on, and its sites (paged) with whose they are in each plane."""
    asked = AsOf(at or scope.today, await known_moment(scope, known_at))
    told, sites = await asking.party(scope.connection, party_id, asked, _number(token), limit + 1)
    page, following = _cut(sites, limit, "account_pk")
    return {**told, "accounts": page, "next": following}


@router.get("/named-lists", response_model=EntriesOut)
async def list_entries(
    scope: Reading,
    plane: str | None = None,
    list_name: Annotated[str | None, Query(alias="list", description="Only this list.")] = None,
    account: str | None = None,
    party: str | None = None,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = 100,
    token: str | None = None,
    form: Format = "json",
) -> Any:
    """Entries of named lists that hold on the day."""
    asked = AsOf(at or scope.today, await known_moment(scope, known_at))
    values = {"plane": plane, "list": list_name, "account": account, "party": party}
    found = await asking.entries(scope.connection, asked, values, _number(token), limit + 1)
    page, following = _cut(found, limit, "entry_id")
    if form == "csv":
        return _table(page, NamedEntry, following)
    return {"at": asked.at, "entries": page, "next": following}


def _number(token: str | None) -> int:
    if token is None:
        return 0
    (text,) = tokens.key(token, 1)
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid(
            "token is not one that this list gave; leave it away for the first page.", kind="bad-token"
        )
    return int(text)


def _cut(found: list[dict[str, Any]], limit: int, key: str) -> tuple[list[dict[str, Any]], str | None]:
    """The page, and the token of the next when there is more."""
    page = found[:limit]
    return page, tokens.token(str(page[-1][key])) if len(found) > limit else None


def _table(rows: list[dict[str, Any]], model: Any, following: str | None) -> Response:
    names = [field.alias or name for name, field in model.model_fields.items()]
    return csv_response(rows, names, {"Gridwright-Next": following} if following else None)
