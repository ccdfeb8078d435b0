"""`gridwright serve`, `gridwright worker`, `gridwright db migrate`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from app.cli import fail
from app.cli.db import db
from app.settings import Settings


def register(root: typer.Typer) -> None:
    root.command()(serve)
    root.command()(worker)
    root.command(hidden=True)(api)
    db.command()(migrate)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen at.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = None,
    processes: Annotated[
        int | None, typer.Option(help="API processes, one for each core or so.", min=1)
    ] = None,
    migrate: Annotated[
        bool | None, typer.Option(help="Migrate first. Default: only the private cluster.")
    ] = None,
) -> None:
    """Serve the API, with its job workers beside it, until Ctrl-C."""
    from app import logs, serving
    from app.cli.connected import be_current
    from app.storage import migrate as migration

    settings = Settings()
    logs.configure(settings.log_format)
    host, port = host or settings.host, settings.port if port is None else port
    try:
        bound = serving.listen(host, port)
    except OSError as error:
        fail(f"cannot listen at {host} port {port}: {(error.strerror or str(error)).lower()}; choose another")
    with _one_line_errors():
        url = _database(settings)
        if migrate or (migrate is None and settings.database_url is None):
            _say("bringing the database up to date")
            migration.upgrade(url)
        be_current(url)
    meant = {"database_url": url, "processes": processes or settings.processes}
    serving.run(settings.model_copy(update=meant), bound, typer.echo)


def api(
    socket: Annotated[int, typer.Option(help="Descriptor of the listening socket.")],
    started: Annotated[int, typer.Option(help="Descriptor that is told when requests are answered.")],
) -> None:
    """One of several API processes; `serve` starts them."""
    from socket import socket as opened

    from app import logs, serving
    from app.processes import leave_with_parent

    settings = Settings()
    logs.configure(settings.log_format)
    leave_with_parent()
    serving.run_child(settings, opened(fileno=socket), started)


def worker(
    concurrency: Annotated[int, typer.Option(help="Jobs at a time.", min=1)] = 1,
    with_parent: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Run jobs until SIGINT or SIGTERM; what is at work is finished or taken up again elsewhere."""
    from app import logs
    from app.cli.connected import be_current
    from app.processes import leave_with_parent

    settings = Settings()
    logs.configure(settings.log_format)
    if with_parent:
        leave_with_parent()
    with _one_line_errors():
        url = _database(settings)
        be_current(url)
    asyncio.run(_work(url, settings, concurrency))


def migrate() -> None:
    """Bring the database's schema up to date; nothing happens when it is."""
    from app.storage import migrate as migration

    with _one_line_errors():
        url = _database(Settings())
        migration.upgrade(url)
        typer.echo(f"the database is at revision {migration.head()}")


async def _work(url: str, settings: Settings, concurrency: int) -> None:
    from app.assignments import locators
    from app.storage.database import Database
    from app.storage.location import cache_folder
    from app.worker import work

    locators.remember(settings.locator_mb, cache_folder(settings) / "locators", settings.cache_mb)
    database = Database(url, pool_size=settings.pool_size, statement_timeout_s=settings.statement_timeout_s)
    try:
        await work(database, concurrency)
    finally:
        await database.close()


def _database(settings: Settings) -> str:
    from app.storage.location import database_url

    return database_url(settings, _say)


def _say(step: str) -> None:
    typer.echo(step, err=True)


@contextmanager
def _one_line_errors() -> Iterator[None]:
    from sqlalchemy.exc import SQLAlchemyError

    from app.storage.cluster import ClusterError

    try:
        yield
    except (ClusterError, SQLAlchemyError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()
        fail(reason[0] if reason else type(error).__name__)
