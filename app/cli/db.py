"""`gridwright db`: the database that these settings mean, and the private cluster behind it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from app.settings import Settings
from app.storage import cluster
from app.storage.home import data_folder

db = typer.Typer(
    help="The database, and the private PostGIS cluster when no other is named.", no_args_is_help=True
)


def register(root: typer.Typer) -> None:
    root.add_typer(db, name="db")


@db.command()
def start() -> None:
    """Make and start the private cluster as far as needed, and print its URL."""
    with _one_line_errors():
        typer.echo(cluster.ensure(_private_folder(), say=_say))


@db.command()
def stop(
    unless_used: Annotated[bool, typer.Option(help="Leave it running while anyone is connected.")] = False,
) -> None:
    """Stop the private cluster; its data stay."""
    with _one_line_errors():
        folder = _private_folder()
        if cluster.stop(folder, unless_used=unless_used):
            _say(f"stopped the private cluster in {folder}")
        else:
            _say(f"left the private cluster in {folder}: {cluster.status(folder)}")


@db.command()
def status() -> None:
    """Print `absent`, `stopped` or `running`, and the private cluster's folder."""
    with _one_line_errors():
        folder = _private_folder()
        typer.echo(f"{cluster.status(folder)} {folder}")


@db.command()
def url() -> None:
    """Print the database's URL, starting nothing."""
    typer.echo(Settings().database_url or cluster.url(_folder(Settings())))


@db.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def psql(context: typer.Context) -> None:
    """Open psql on the database; further arguments are psql's."""
    settings = Settings()
    with _one_line_errors():
        address = settings.database_url or cluster.ensure(_folder(settings), say=_say)
    program = shutil.which("psql")
    if program is None:
        _fail(
            "psql is not on the PATH: install postgresql-client, or give another client `gridwright db url`"
        )
    os.execv(program, [program, address.replace("+psycopg", "", 1), *context.args])


def _folder(settings: Settings) -> Path:
    return (settings.data_dir or data_folder()) / "postgres"


def _private_folder() -> Path:
    settings = Settings()
    if settings.database_url:
        _fail(
            "GRIDWRIGHT_DATABASE_URL names a database, so there is no private cluster: unset it to have one"
        )
    return _folder(settings)


def _say(step: str) -> None:
    typer.echo(step, err=True)


def _fail(message: str) -> NoReturn:
    _say(message)
    raise typer.Exit(2)


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except cluster.ClusterError as error:
        _fail(str(error))
