"""Running an import: the upload becomes a file, its kind's loader reads it, all in the job's transaction."""

import tempfile
import uuid
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread

from app.accounts import loading as accounts
from app.audit import service as audit
from app.imports import repository
from app.imports.service import JOB_KIND
from app.imports.unpack import unpacked
from app.jobs.runner import Handler, Work
from app.orgs import areas_loading, people_loading
from app.places import loading as places
from app.planes import service as planes
from app.planes.service import Plane
from app.plans import loading as plans
from app.staging.params import ImportParams
from geo.errors import InputError
from geo.files import Table, open_table

Loader = Callable[[Work, Table, Plane | None, ImportParams], Awaitable[dict[str, Any]]]

LOADERS: Mapping[str, Loader] = {
    "areas": areas_loading.load_areas,
    "people": people_loading.load_people,
    "responsibilities": people_loading.load_responsibilities,
    "grids": plans.load_grids,
    "buildings": places.load_buildings,
    "regions": places.load_regions,
    "clusters": places.load_clusters,
    "parties": accounts.load_parties,
    "accounts": accounts.load_accounts,
    "named-lists": accounts.load_named_lists,
    "barriers": places.load_barriers,
    "exclusions": places.load_exclusions,
    "metrics": accounts.load_metrics,
}


async def run(work: Work) -> dict[str, Any]:
    """Load one upload; its rows, or nothing."""
    params = ImportParams.from_json(work.params)
    plane = await planes.get(work.connection, params.plane) if params.plane else None
    work.tell(0.0, f"reading {work.params['file']}")
    with tempfile.TemporaryDirectory(prefix="gridwright-import-") as folder:
        try:
            path = await _written(work, Path(folder))
            path = await anyio.to_thread.run_sync(unpacked, path)
            table = await anyio.to_thread.run_sync(
                partial(open_table, path, encoding=params.encoding, layer=params.layer)
            )
            result = await LOADERS[params.kind](work, table, plane, params)
        except InputError as error:
            # The folder is ours; whoever sent the file knows it by its name.
            error.file = Path(error.file).name if error.file else work.params["file"]
            error.message = error.message.replace(f"{folder}/", "")
            raise
    said = {"file": work.params["file"], **{k: result[k] for k in ("rows", "accepted", "refused")}}
    by = audit.By(work.org_id, work.actor)
    await audit.record(work.connection, by, f"import.{params.kind}", "import", str(work.job_id), after=said)
    return result


HANDLERS: Mapping[str, Handler] = {JOB_KIND: run}


async def _written(work: Work, folder: Path) -> Path:
    """The upload as a file of its own name."""
    upload_id = uuid.UUID(work.params["upload"])
    path = folder / str(work.params["file"])
    with path.open("wb") as file:
        async for chunk in repository.chunks(work.connection, upload_id):
            work.check()
            await anyio.to_thread.run_sync(file.write, chunk)
    return path
