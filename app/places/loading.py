"""Loading buildings, regions, clusters, barriers and exclusions."""

from typing import Any

from app.accounts import facts as account_facts
from app.errors import Invalid
from app.geocodes import service as geocodes
from app.jobs.runner import Work
from app.places import loading_repository as repository
from app.planes.service import Plane
from app.staging import checks, evidence, touched
from app.staging.params import ImportParams
from app.staging.parsing import Field, Spec
from app.staging.rows import finish, stage
from app.staging.values import count, day, truth, words
from geo.files import Table

BUILDINGS = Spec(
    "buildings",
    ("id",),
    (
        Field("id", words, needed=True),
        Field("name", words),
        Field("use", words),
        Field("address", words),
        Field("households", count, "int4"),
        Field("ports", count, "int4"),
        Field("ports_used", count, "int4"),
        Field("locked", truth, "bool"),
        Field("confirmed", day, "date"),
    ),
    place="building",
)
REGIONS = Spec(
    "regions",
    ("id",),
    (Field("id", words, needed=True), Field("name", words), Field("kind", words)),
    place="ground",
)
CLUSTERS = Spec(
    "clusters",
    ("id",),
    (
        Field("id", words, needed=True),
        Field("name", words, needed=True),
        Field("kind", words),
        Field("grid", words),
        Field("confirmed", day, "date"),
    ),
)
BARRIERS = Spec("barriers", ("kind",), (Field("kind", words),), place="barrier")
EXCLUSIONS = Spec("exclusions", ("why",), (Field("reason", words, staged="why"),), place="ground")


async def load_buildings(
    work: Work, table: Table, plane: Plane | None, params: ImportParams
) -> dict[str, Any]:
    """Footprints and points, households and ports, from ``since`` (a building that is new to us: ever since);
    buildings that moved are assigned anew, with the customers in them.
    """
    del plane
    assert params.crs is not None
    connection = work.connection
    staged = await stage(work, table, BUILDINGS, params)
    await checks.refuse_repeated(connection, ["id"], "this id")
    work.check()
    staged.warnings += await evidence.warnings(connection, staged.sample, params)
    if overfull := await repository.overfull(connection):
        staged.warnings.append(
            {
                "kind": "ports-used",
                "message": f"{len(overfull):,} buildings use more ports than they have, the first in row "
                f"{overfull[0]}. They were kept as they are.",
                "rows": overfull[:100],
            }
        )
    written = await repository.merge_buildings(
        connection, work.org_id, staged.given, params.crs, params.since
    )
    assigned: dict[str, Any] = {}
    if written.since is not None:
        crowded = await geocodes.recognise_around(connection, work.org_id, written.since, written.moved)
        assigned = await touched.reassign(work, written.since, accounts=crowded, buildings=written.moved)
    return await finish(work, staged, changed=written.changed, **assigned)


async def load_regions(work: Work, table: Table, plane: Plane | None, params: ImportParams) -> dict[str, Any]:
    """Villages, roads, districts: polygons in which a coarse geocode that names one may lie, from ``since``
    (a region that is new to us: ever since). Customers whose region changed are assigned anew.
    """
    del plane
    assert params.crs is not None
    connection = work.connection
    staged = await stage(work, table, REGIONS, params)
    await checks.refuse_repeated(connection, ["id"], "this id")
    work.check()
    staged.warnings += await evidence.warnings(connection, staged.sample, params)
    written = await repository.merge_regions(connection, work.org_id, staged.given, params.crs, params.since)
    assigned: dict[str, Any] = {}
    if written.since is not None:
        inside = await account_facts.touched_by(connection, written.since, regions=written.moved)
        assigned = await touched.reassign(work, written.since, accounts=inside)
    return await finish(work, staged, changed=written.changed, **assigned)


async def load_clusters(
    work: Work, table: Table, plane: Plane | None, params: ImportParams
) -> dict[str, Any]:
    """Clusters, and from ``since`` the grids that own them in the plane.

    The rows of a cluster are all its owners from then on. Two grids are two claims: both are kept.
    """
    connection = work.connection
    staged = await stage(work, table, CLUSTERS, params)
    owned = "grid" in staged.given
    if owned:
        await checks.refuse_repeated(connection, ["id", "grid"], "this id with this grid")
        await repository.refuse_other_names(connection)
    else:
        await checks.refuse_repeated(connection, ["id"], "this id")
    if owned and plane is None:
        raise Invalid(
            "The file has a column grid, whose grids own the clusters: say in which plane with plane=CODE.",
            kind="missing-plane",
        )
    if plane is not None:
        await checks.known_grids(connection, params.since, plane.plane_id)
        await checks.refuse_unknown(
            connection, "grid", "known_grids", "code", f"no plan of plane {plane.code} has it"
        )
    work.check()
    changed = await repository.merge_clusters(connection, work.org_id, staged.given)
    assigned: dict[str, Any] = {}
    if owned and plane is not None:
        written = await repository.merge_owners(connection, work.org_id, plane.plane_id, params.since)
        changed, owned_anew = written.changed, written.moved
        members = await account_facts.touched_by(connection, params.since, clusters=owned_anew)
        assigned = await touched.reassign(work, params.since, accounts=members)
    return await finish(work, staged, changed=changed, **assigned)


async def load_barriers(
    work: Work, table: Table, plane: Plane | None, params: ImportParams
) -> dict[str, Any]:
    """Lines that grids may not straddle. A line that is there already is not loaded twice."""
    del plane
    connection = work.connection
    staged = await stage(work, table, BARRIERS, params)
    await checks.refuse_repeated(connection, ["shape"], "this line")
    work.check()
    staged.warnings += await evidence.warnings(connection, staged.sample, params)
    changed = await repository.merge_barriers(connection, work.org_id, staged.given)
    return await finish(work, staged, changed=changed)


async def load_exclusions(
    work: Work, table: Table, plane: Plane | None, params: ImportParams
) -> dict[str, Any]:
    """Land that no grid needs to cover. Ground that is there already is not loaded twice."""
    del plane
    connection = work.connection
    staged = await stage(work, table, EXCLUSIONS, params)
    await checks.refuse_repeated(connection, ["shape"], "this polygon")
    work.check()
    staged.warnings += await evidence.warnings(connection, staged.sample, params)
    changed = await repository.merge_exclusions(connection, work.org_id, staged.given)
    return await finish(work, staged, changed=changed)
