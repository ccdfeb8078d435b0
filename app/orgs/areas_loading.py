"""Loading the tree of areas."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from app.classes.cuts import REMEDY, cuts
from app.jobs.runner import Work
from app.orgs import areas, directory, tree
from app.orgs import areas_loading_repository as repository
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
    changed = await _merge(work, params.since, staged.given, by_code)
    return await finish(work, staged, changed=changed)


async def _merge(
    work: Work, since: dt.date, given: Sequence[str], by_code: Mapping[str, tuple[str, str]]
) -> int:
    """Merge the rows that leave no grid half in one class and half in another; the others are refused."""
    connection = work.connection
    before = await directory.areas(connection, since)
    while True:
        attempt = await connection.begin_nested()
        changed = await repository.merge_areas(connection, work.org_id, since, given, by_code)
        after = await directory.areas(connection, since)
        found = await cuts(connection, since, before, after)
        rows = {code: row for row, code, _ in await repository.staged_tree(connection, since, since)}
        reasons = {}
        for area, finding in found:
            row = next((rows[code] for code in areas.way_up(after, area) if code in rows), None)
            if row is not None:
                at = finding.geometry.representative_point()
                reasons[row] = (
                    f"class: the ground of area {area.code} cuts grid {finding.codes[0]} ({finding.detail}, "
                    f"around {at.x:.6f}, {at.y:.6f}); {REMEDY}"
                )
        if not reasons:
            await attempt.commit()
            return changed
        await attempt.rollback()
        await checks.refuse(connection, reasons.items())


async def _refuse_faults(work: Work, params: ImportParams) -> None:
    """Refuse what cannot be hung into the tree of ``since``, or of a later day on which it changes."""
    connection = work.connection
    for day in [params.since, *await repository.later_changes(connection, params.since)]:
        rows = await repository.staged_tree(connection, params.since, day)
        existing = await repository.tree(connection, day)
        await checks.refuse(connection, tree.faults(rows, existing).items())
