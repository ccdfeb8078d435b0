"""`gridwright assign POINTS --grids GRIDS --crs CRS --out OUT`."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.stopping import cleanly
from geo.errors import InputError


class Engine(StrEnum):
    """Where the work is done."""

    LOCAL = "local"
    SPARK = "spark"


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    root.command("assign")(assign)


def assign(
    points: Annotated[Path, typer.Argument(help="Points: .csv .parquet .gpkg .geojson .shp .fgb")],
    grids: Annotated[Path, typer.Option(help="Grids: polygons with a code.")],
    out: Annotated[Path, typer.Option(help="Where to write the answer, one row per input row.")],
    crs: Annotated[
        str | None,
        typer.Option(help="CRS of the points: wgs84, gcj02, bd09 or epsg:N. Needed unless the file says it."),
    ] = None,
    grids_crs: Annotated[str | None, typer.Option(help="CRS of the grids, over what the file says.")] = None,
    id_column: Annotated[str | None, typer.Option(help="Column with the ids [default: id].")] = None,
    lon_column: Annotated[
        str | None, typer.Option(help="Longitude or x [default: lng, lon, 经度 …].")
    ] = None,
    lat_column: Annotated[str | None, typer.Option(help="Latitude or y [default: lat, 纬度 …].")] = None,
    code_column: Annotated[str | None, typer.Option(help="The grids' codes [default: code].")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of a CSV or Shapefile [default: found out].")] = None,
    engine: Annotated[Engine, typer.Option(help="Where the work is done.")] = Engine.LOCAL,
    spark_master: Annotated[
        str | None, typer.Option(help="Spark's master, with --engine spark [default: local[*]].")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Say for every point which grid it is in."""
    from app.filemode.assign_input import Options

    options = Options(
        points, grids, out, crs, grids_crs, id_column, lon_column, lat_column, code_column, encoding
    )
    if spark_master is not None and engine is not Engine.SPARK:
        raise InputError("--spark-master goes with --engine spark: give both", kind="bad-usage")
    with cleanly(out):
        if engine is Engine.SPARK:
            from app.filemode import spark

            summary = spark.assign(options, spark_master)
        else:
            from app.filemode import assign as local

            with _progress() as progress:
                summary = local.assign(options, progress)
    for warning in summary.warnings:
        typer.echo(f"warning: {points}: {warning}", err=True)
    if as_json:
        typer.echo(json.dumps(summary.as_json(), ensure_ascii=False))
        return
    counts = summary.counts
    typer.echo(
        f"{counts.rows:,} rows: {counts.assigned:,} assigned ({counts.ties:,} on a shared edge), "
        f"{counts.outside:,} outside, {counts.rejected:,} rejected, {summary.seconds['total']:.1f} s; {out}"
    )
    if counts.ambiguous:
        typer.echo(f"{counts.ambiguous:,} rows lie where grids overlap: see `gridwright check {grids}`")


@contextmanager
def _progress() -> Iterator[Callable[[int, int | None], None] | None]:
    """A progress bar on a terminal, nothing otherwise."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("assigning"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("assigning", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
