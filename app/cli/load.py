"""`gridwright load KIND FILE`: the job that the API would submit, run here."""

import asyncio
import json
import tempfile
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from app.storage.database import Database

_BESIDE = (".shp", ".dbf", ".shx", ".prj", ".cpg")


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    root.command("load")(load)


def load(
    kind: Annotated[str, typer.Argument(help="areas, people, grids, buildings, accounts, …")],
    file: Annotated[
        Path, typer.Argument(help=".csv .parquet .gpkg .geojson .shp .fgb, or one of them zipped")
    ],
    org: Annotated[str | None, typer.Option(help="The organisation: its id or name.")] = None,
    key: Annotated[
        str | None, typer.Option(help="A planner's key instead.", envvar="GRIDWRIGHT_KEY", show_envvar=True)
    ] = None,
    crs: Annotated[str | None, typer.Option(help="wgs84, gcj02, bd09 or epsg:N; never guessed.")] = None,
    plane: Annotated[str | None, typer.Option(help="Code of the plane.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the new draft (grids).")] = None,
    base: Annotated[str | None, typer.Option(help="Plan the draft starts from (grids).")] = None,
    on_findings: Annotated[str | None, typer.Option(help="reject or draft (grids).")] = None,
    repair: Annotated[str | None, typer.Option(help="none or valid: mend invalid polygons.")] = None,
    since: Annotated[str | None, typer.Option(help="Day from which the rows hold [default: today].")] = None,
    mapping: Annotated[str | None, typer.Option(help="JSON: our column name → the file's.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of a CSV or Shapefile [default: found out].")] = None,
    layer: Annotated[str | None, typer.Option(help="Of a GeoPackage with several.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the job as JSON.")] = False,
) -> None:
    """Load a file into an organisation, with the refused rows and why on stderr."""
    from pydantic import ValidationError

    from app.cli import fail
    from app.errors import DomainError
    from app.imports.schemas import ImportForm

    said = {
        "crs": crs,
        "plane": plane,
        "name": name,
        "base": base,
        "on_findings": on_findings,
        "repair": repair,
        "since": since,
        "mapping": mapping,
        "encoding": encoding,
        "layer": layer,
    }
    if (org is None) == (key is None):
        fail("say for whom: --org ID or NAME, or --key KEY")
    if not file.is_file():
        fail(f"{file}: no such file")
    try:
        given = ImportForm.model_validate(said).model_dump()
        job, rows = asyncio.run(_load(kind, file, org, key, given))
    except ValidationError as error:
        fault = error.errors()[0]
        fail(f"--{'.'.join(map(str, fault['loc']))}: {fault['msg']}".replace("_", "-", 1))
    except DomainError as error:
        fail(error.message)
    _report(job, rows, as_json=as_json)


async def _load(
    kind: str, file: Path, org: str | None, key: str | None, given: dict[str, Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    from app.cli.connected import database
    from app.imports import handler, service
    from app.jobs import runner
    from app.jobs import service as jobs

    service.known_kind(kind)
    async with database() as opened:
        org_id, actor = await _who(opened, org, key)
        with _one_file(file) as path, path.open("rb") as content:
            incoming = await service.incoming(path.name, content)
            async with opened.transaction(org_id, timeout_s=0) as connection:
                params = await service.parameters(connection, org_id, kind, given, path.name)
                job_id = await service.submit(connection, org_id, params, incoming, actor, queued=False)
        running = asyncio.create_task(runner.run(opened, handler.HANDLERS, org_id, job_id))
        await _watch(opened, org_id, job_id, running)
        async with opened.transaction(org_id) as connection:
            job = jobs.document(await jobs.get(connection, job_id))
            return job, await jobs.refused_rows(connection, job_id, 0, 11)


async def _who(opened: "Database", org: str | None, key: str | None) -> tuple[uuid.UUID, str]:
    """The organisation, and the name under which the change is recorded."""
    from app.auth import service as auth
    from app.errors import Forbidden
    from app.orgs import service as orgs

    if key is not None:
        holder = await auth.recognise(opened, key)
        if holder.role not in ("admin", "planner"):
            raise Forbidden("This key may only read; use a planner's key.")
        return holder.org_id, holder.name
    return (await orgs.find(opened, org or "")).org_id, "command line"


async def _watch(
    opened: "Database", org_id: uuid.UUID, job_id: uuid.UUID, running: "asyncio.Task[None]"
) -> None:
    """A progress bar on a terminal until the job has ended."""
    from rich.console import Console
    from rich.progress import Progress

    from app.jobs import service as jobs

    with Progress(console=Console(stderr=True), transient=True, disable=not _terminal()) as bar:
        task = bar.add_task("loading", total=1.0)
        while not running.done():
            await asyncio.wait({running}, timeout=0.3)
            async with opened.transaction(org_id) as connection:
                job = await jobs.get(connection, job_id)
            bar.update(task, completed=job["progress"], description=job["note"] or "loading")
    await running


def _terminal() -> bool:
    import sys

    return sys.stderr.isatty()


@contextmanager
def _one_file(path: Path) -> Iterator[Path]:
    """The file itself; a Shapefile with the files beside it, zipped."""
    if path.suffix.lower() != ".shp":
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="gridwright-") as folder:
        packed = Path(folder) / f"{path.stem}.zip"
        with zipfile.ZipFile(packed, "w") as archive:
            for part in path.parent.iterdir():
                if part.stem == path.stem and part.suffix.lower() in _BESIDE:
                    archive.write(part, part.name)
        yield packed


def _report(job: dict[str, Any], rows: list[dict[str, Any]], *, as_json: bool) -> None:
    from app.cli import fail

    result, problem = job["result"], job["problem"]
    if as_json:
        typer.echo(json.dumps(job, ensure_ascii=False))
    if problem is not None:
        if as_json:
            raise typer.Exit(2)
        fail(problem["title"])
    if result is None:
        fail(f"the job was {job['status']}")
    for row in rows[:10]:
        typer.echo(f"row {row['row']} ({row['id'] or 'no id'}): {row['reason']}", err=True)
    if len(rows) > 10:
        typer.echo(f"… see /v1/jobs/{job['id']}/rows for all {result['refused']:,}", err=True)
    for warning in result.get("warnings", []):
        typer.echo(f"warning: {warning['message']}", err=True)
    if not as_json:
        plan = f"; draft {result['plan']}" if "plan" in result else ""
        typer.echo(
            f"{result['rows']:,} rows: {result['accepted']:,} accepted, {result['refused']:,} refused{plan}"
        )
