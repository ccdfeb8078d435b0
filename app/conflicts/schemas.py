import datetime as dt
import uuid

from pydantic import BaseModel, ConfigDict, Field


class Claim(BaseModel):
    """What gives a subject to a grid: a list, itself or through a party, or the ownership of a market."""

    model_config = ConfigDict(populate_by_name=True)

    grid: str
    list: str | None
    party: str | None
    from_: dt.date = Field(alias="from")
    to: dt.date | None


class Decided(BaseModel):
    """What is stored of the account on the day."""

    status: str
    rule: str | None
    grid: str | None


class ConflictOut(BaseModel):
    """Claims of several grids on one account, party or market, and which of them has it."""

    kind: str = Field(description="account-lists, cluster-owners, party-and-site or party-lists")
    account: str | None = None
    party: str | None = None
    cluster: str | None = None
    name: str | None
    claims: list[Claim]
    winner: Claim
    decided_by: str = Field(description="first-list-by-name or lowest-grid-code")
    accounts: int = Field(
        description="How many accounts it concerns: itself, or those of the party or market."
    )
    assigned: Decided | None = Field(description="Of an account: its answer, all rules considered.")
    text: str


class ConflictsOut(BaseModel):
    """A page of a plane's conflicts, and how many of each kind there are."""

    plane: str
    at: dt.date
    plan: uuid.UUID | None
    counts: dict[str, int]
    conflicts: list[ConflictOut]
    next: str | None
