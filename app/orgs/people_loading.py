"""Loading people and responsibilities."""

from typing import Any

from app.jobs.runner import Work
from app.orgs import people_loading_repository as repository
from app.planes.service import Plane
from app.staging import checks
from app.staging.params import ImportParams
from app.staging.parsing import Field, Spec
from app.staging.rows import finish, stage
from app.staging.values import choice, day, length, words
from geo.files import Table

ROLES = choice(
    {
        "owner": ("责任人", "负责人", "网格经理", "网格长"),
        "stand_in": ("stand-in", "代理", "代理人", "备岗"),
        "attack": ("攻", "攻方", "攻坚", "拓展"),
        "defence": ("defense", "守", "守方", "防守", "维系"),
    },
    "role",
)

PEOPLE = Spec(
    "people",
    ("id",),
    (
        Field("id", words, needed=True),
        Field("name", words, needed=True),
        Field("area", words),
        Field("capacity", length, "float8"),
        Field("from", day, "date", staged="valid_from"),
        Field("to", day, "date", staged="valid_to"),
    ),
    place="residence",
)
RESPONSIBILITIES = Spec(
    "responsibilities",
    ("grid",),
    (
        Field("grid", words, needed=True),
        Field("person", words, needed=True),
        Field("role", ROLES),
        Field("from", day, "date", staged="valid_from"),
        Field("to", day, "date", staged="valid_to"),
    ),
)


async def load_people(work: Work, table: Table, plane: Plane | None, params: ImportParams) -> dict[str, Any]:
    """People, their areas, capacities and residence points, and from when to when they are in service.

    Somebody new is in service from ``from``, without it always; what is said of somebody known holds from
    ``since``. Whoever leaves (``to``) and is responsible for grids behind that day is named in a warning.
    """
    del plane
    connection = work.connection
    staged = await stage(work, table, PEOPLE, params)
    await checks.refuse_repeated(connection, ["id"], "this id")
    await checks.refuse_spans(connection, ["id"])
    await checks.refuse_unknown(connection, "area", "areas", "code", "load the areas first")
    work.check()
    changed = await repository.merge_people(connection, work.org_id, params.since, staged.given, params.crs)
    await checks.known_grids(connection, params.since, None)
    staged.warnings += [
        {
            "kind": "responsible-after-leaving",
            "person": row["person_id"],
            "from": row["left_on"].isoformat(),
            "grids": row["grids"],
            "advice": "name other owners from that day on; until then a stand-in acts, or nobody",
        }
        for row in await repository.left_behind(connection)
    ]
    return await finish(work, staged, changed=changed)


async def load_responsibilities(
    work: Work, table: Table, plane: Plane | None, params: ImportParams
) -> dict[str, Any]:
    """Who is responsible for which grid of the plane, in which role, from when to when."""
    assert plane is not None
    connection = work.connection
    staged = await stage(work, table, RESPONSIBILITIES, params, {"one_of": "text"})
    await checks.known_grids(connection, params.since, plane.plane_id)
    await checks.refuse_unknown(
        connection, "grid", "known_grids", "code", f"no plan of plane {plane.code} has it"
    )
    await checks.refuse_unknown(connection, "person", "people", "person_id", "load the people first")
    await repository.complete_responsibilities(connection, params.since)
    await repository.refuse_out_of_service(connection)
    await checks.refuse_spans(connection, ["grid", "role", "one_of"])
    work.check()
    changed = await repository.merge_responsibilities(connection, work.org_id, plane.plane_id)
    return await finish(work, staged, changed=changed)
