"""Loading the tree of areas."""

from typing import Any

from app.jobs.runner import Work
from app.orgs import areas_loading_repository as repository
from app.orgs import tree
from app.planes.service import Plane
from app.policies import service as policies
from app.staging import checks
from app.staging.params import ImportParams
from app.staging.parsing import Field, Spec
from app.staging.rows import finish, stage
from app.staging.values import choice, words
from geo.classify import CODES, class_of_code, reason_of_code
from geo.files import Table

CLASSES = choice(
    {"A": ("A类", "urban", "城区", "城市"), "B": ("B类", "rural", "农村", "郊县"), "": ("none", "无")},
    "class",
)
NBS_CODES = choice(dict.fromkeys(CODES, ()), "urban–rural code")
AREAS = Spec(
    "areas",
    ("code",),
    (
        Field("code", words, needed=True),
        Field("name", words, needed=True),
        Field("parent", words),
        Field("kind", words),
        Field("class", CLASSES),
        Field("class_reason", words),
        Field("nbs_code", NBS_CODES),
    ),
    place="area",
)


async def load_areas(work: Work, table: Table, plane: Plane | None, params: ImportParams) -> dict[str, Any]:
    """The tree: names, parents and classes hold from ``since``.

    An area without a class of its own that has an urban–rural code gets the class of the code.
    """
    del plane
    connection = work.connection
    staged = await stage(work, table, AREAS, params)
    await checks.refuse_repeated(connection, ["code"], "this code")
    if "parent" in staged.given:
        await _refuse_faults(work, params)
    work.check()
    policy = await policies.classes(connection, params.since)
    by_code = {code: (class_of_code(code, policy), reason_of_code(code)) for code in CODES}
    changed = await repository.merge_areas(connection, work.org_id, params.since, staged.given, by_code)
    return await finish(work, staged, changed=changed)


async def _refuse_faults(work: Work, params: ImportParams) -> None:
    """Refuse what cannot be hung into the tree of ``since``, or of a later day on which it changes."""
    connection = work.connection
    for day in [params.since, *await repository.later_changes(connection, params.since)]:
        rows = await repository.staged_tree(connection, params.since, day)
        existing = await repository.tree(connection, day)
        await checks.refuse(connection, tree.faults(rows, existing).items())
