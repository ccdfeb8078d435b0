"""Loading parties, accounts, named lists and metrics."""

from typing import Any

import numpy as np

from app.accounts import arrivals_repository as arrivals
from app.accounts import facts, uscc
from app.accounts import loading_repository as repository
from app.geocodes import service as geocodes
from app.jobs.runner import Work
from app.planes.service import Plane
from app.policies import service as policies
from app.staging import checks, evidence, touched
from app.staging.params import ImportParams
from app.staging.parsing import Field, Spec
from app.staging.rows import Staged, finish, stage
from app.staging.values import amount, choice, day, length, month, number, words
from geo.files import Table

NET_STATUS = choice(
    {
        "on_net": ("on-net", "onnet", "在网", "本网"),
        "off_net": ("off-net", "offnet", "异网", "他网"),
        "prospect": ("潜客", "潜在", "潜在客户"),
    },
    "net status",
)
GEOCODE_LEVEL = choice(
    {
        "point": ("点", "门址", "门牌", "精确"),
        "building": ("楼宇", "楼栋", "小区"),
        "street": ("街道", "街巷"),
        "road": ("道路", "路"),
        "village": ("村", "村庄", "乡村"),
        "district": ("区县", "区", "县"),
    },
    "geocode level",
)

PARTIES = Spec(
    "parties",
    ("id",),
    (Field("id", words, needed=True), Field("name", words, needed=True), Field("uscc", words)),
)
ACCOUNTS = Spec(
    "accounts",
    ("id",),
    (
        Field("id", words, needed=True),
        Field("name", words),
        Field("segment", words),
        Field("tier", words),
        Field("net_status", NET_STATUS),
        Field("geocode_level", GEOCODE_LEVEL),
        Field("radius_m", length, "float8"),
        Field("building", words),
        Field("cluster", words),
        Field("region", words),
        Field("party", words),
        Field("uscc", words),
        Field("confirmed", day, "date"),
        Field("address", words),
        Field("locked_grid", words),
        Field("visits", amount, "float8"),
        Field("prospects", amount, "float8"),
        Field("opportunities", amount, "float8"),
        Field("complaints", amount, "float8"),
    ),
    place="point",
)
NAMED_LISTS = Spec(
    "named-lists",
    ("account", "party"),
    (
        Field("account", words),
        Field("party", words),
        Field("grid", words, needed=True),
        Field("list", words),
        Field("from", day, "date", staged="valid_from"),
        Field("to", day, "date", staged="valid_to"),
    ),
)
METRICS = Spec(
    "metrics",
    ("account",),
    (
        Field("account", words, needed=True),
        Field("month", month, "date", needed=True),
        Field("measure", words, needed=True),
        Field("value", number, "float8", needed=True),
    ),
)


async def load_parties(work: Work, table: Table, plane: Plane | None, params: ImportParams) -> dict[str, Any]:
    """Enterprises with several sites. A registry number that fails its check is kept, and named."""
    del plane
    connection = work.connection
    staged = await stage(work, table, PARTIES, params)
    await checks.refuse_repeated(connection, ["id"], "this id")
    work.check()
    await _doubt_registry_numbers(work, staged)
    changed = await repository.merge_parties(connection, work.org_id, staged.given)
    return await finish(work, staged, changed=changed)


async def load_accounts(
    work: Work, table: Table, plane: Plane | None, params: ImportParams
) -> dict[str, Any]:
    """Customers and prospects: their profiles, places, clusters and locks hold from ``since``.

    What changed of that is assigned anew. ``locked_grid`` locks in every plane (or the one given) that has a
    grid of this code.
    """
    connection = work.connection
    staged = await stage(work, table, ACCOUNTS, params)
    given = staged.given
    await checks.refuse_repeated(connection, ["id"], "this id")
    for column, where, known, advice in (
        ("building", "buildings", "building_id", "load the buildings first"),
        ("cluster", "clusters", "cluster_id", "load the clusters first"),
        ("region", "regions", "region_id", "load the regions first"),
        ("party", "parties", "party_id", "load the parties first"),
    ):
        if column in given:
            await checks.refuse_unknown(connection, column, where, known, advice)
    codes = await policies.codes(connection, params.since)
    for column, listed in (("tier", codes.tiers), ("segment", codes.segments)):
        if column in given and listed is not None:
            await checks.refuse_unlisted(connection, column, listed, "add it to the policy codes first")
    if "locked_grid" in given:
        await checks.known_grids(connection, params.since, plane.plane_id if plane else None)
        await checks.refuse_unknown(connection, "locked_grid", "known_grids", "code", "no plan has it")
    work.check()
    await _doubt_registry_numbers(work, staged)
    staged.warnings += await evidence.warnings(connection, staged.sample, params)
    assert params.crs is not None
    work.tell(0.65, f"writing {staged.rows:,} accounts")
    arrived = await arrivals.arrive(connection, work.org_id, given)
    work.step(0.68, f"writing profiles and places of {arrived.fresh + arrived.known:,} accounts")
    await arrivals.merge_profiles(connection, work.org_id, arrived, params.since, given)
    work.step(0.72, work.note)
    await arrivals.merge_places(connection, work.org_id, arrived, params.since, given, params.crs)
    work.step(0.78, work.note)
    if "cluster" in given:
        await arrivals.merge_members(connection, work.org_id, arrived, params.since)
    if "locked_grid" in given:
        await arrivals.merge_locks(connection, work.org_id, arrived, params.since)
    changed, moved = await arrivals.changed(connection, arrived), await arrivals.touched(connection)
    crowded = await geocodes.recognise(connection, work.org_id, params.since, moved)
    assigned = await touched.reassign(work, params.since, accounts=np.union1d(moved, crowded))
    return await finish(work, staged, changed=changed, **assigned)


async def load_named_lists(
    work: Work, table: Table, plane: Plane | None, params: ImportParams
) -> dict[str, Any]:
    """Accounts and parties owned by name in the plane, from when to when."""
    assert plane is not None
    connection = work.connection
    staged = await stage(work, table, NAMED_LISTS, params)
    await checks.known_grids(connection, params.since, plane.plane_id)
    await repository.refuse_without_one_owner(connection)
    await checks.refuse_unknown(connection, "account", "accounts", "account_id", "load the accounts first")
    await checks.refuse_unknown(connection, "party", "parties", "party_id", "load the parties first")
    await checks.refuse_unknown(
        connection, "grid", "known_grids", "code", f"no plan of plane {plane.code} has it"
    )
    await repository.complete_lists(connection, params.since)
    for who in ("account", "party"):
        await checks.refuse_spans(connection, [who, "list"])
    work.check()
    written = await repository.merge_lists(connection, work.org_id, plane.plane_id)
    assigned: dict[str, Any] = {}
    if written.since is not None:
        parties = await facts.touched_by(connection, written.since, parties=written.parties)
        assigned = await touched.reassign(work, written.since, accounts=np.union1d(written.accounts, parties))
    return await finish(work, staged, changed=written.changed, **assigned)


async def load_metrics(work: Work, table: Table, plane: Plane | None, params: ImportParams) -> dict[str, Any]:
    """Measures of accounts by month."""
    del plane
    connection = work.connection
    staged = await stage(work, table, METRICS, params)
    await checks.refuse_repeated(
        connection, ["account", "month", "measure"], "this measure of this account in this month"
    )
    await checks.refuse_unknown(connection, "account", "accounts", "account_id", "load the accounts first")
    work.check()
    changed = await repository.merge_metrics(connection, work.org_id)
    return await finish(work, staged, changed=changed)


async def _doubt_registry_numbers(work: Work, staged: Staged) -> None:
    if "uscc" not in staged.given:
        return
    wrong: list[tuple[int, str]] = []
    async for row, code in repository.registry_numbers(work.connection):
        if not uscc.is_valid(code):
            wrong.append((row, code))
    if wrong:
        row, code = wrong[0]
        staged.warnings.append(
            {
                "kind": "registry-number",
                "message": f"{len(wrong):,} registry numbers (USCC) fail their check character, the first "
                f"{code!r} in row {row}. They were kept as they are.",
                "rows": [row for row, _ in wrong[:100]],
            }
        )
