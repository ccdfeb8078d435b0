"""`gridwright rebalance UNITS --out OUT --report REPORT.json`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.stopping import Asked


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    root.command("rebalance")(rebalance)


def rebalance(
    units: Annotated[Path, typer.Argument(help="Units: polygons, or any rows with --edges.")],
    out: Annotated[Path, typer.Option(help="Where to write the plan: id, grid_before, grid, moved.")],
    report: Annotated[Path, typer.Option(help="Where to write the report (JSON).")],
    id_column: Annotated[str, typer.Option(help="Column with the units' ids.")] = "id",
    grid_column: Annotated[
        str | None, typer.Option(help="Column with today's grids [default: grid].", show_default=False)
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(help="NAME or NAME:TOLERANCE, once for each weight.", show_default=False),
    ] = None,
    move_weight: Annotated[
        str | None, typer.Option(help="The weight whose moved share counts [default: the first].")
    ] = None,
    tolerance: Annotated[float, typer.Option(help="Largest share that a grid may be off its target.")] = 0.05,
    class_column: Annotated[str | None, typer.Option(help="Column with the class (A, B).")] = None,
    group_column: Annotated[str | None, typer.Option(help="Column with the group (a wall).")] = None,
    locked_column: Annotated[str | None, typer.Option(help="Column that is true for locked units.")] = None,
    lock_grid: Annotated[list[str] | None, typer.Option(help="A grid that neither gives nor gets.")] = None,
    edges: Annotated[Path | None, typer.Option(help="Neighbours: source, target[, length].")] = None,
    barriers: Annotated[Path | None, typer.Option(help="Lines that no grid may straddle.")] = None,
    bridges: Annotated[Path | None, typer.Option(help="Points where barriers may be crossed.")] = None,
    targets: Annotated[Path | None, typer.Option(help="Targets: grid and one column a weight.")] = None,
    grids: Annotated[int | None, typer.Option(help="So many grids from scratch.")] = None,
    add: Annotated[list[str] | None, typer.Option(help="A new grid: CODE[:CLASS[:GROUP]].")] = None,
    dissolve: Annotated[list[str] | None, typer.Option(help="A grid to empty.")] = None,
    max_moved: Annotated[float | None, typer.Option(help="Most share of the work that may move.")] = None,
    prefer: Annotated[str, typer.Option(help="moves or compact.")] = "moves",
    frontier: Annotated[int | None, typer.Option(help="Up to so many plans, none dominated.")] = None,
    time_limit: Annotated[float, typer.Option(help="Seconds.")] = 60.0,
    seed: Annotated[int, typer.Option(help="Same seed, same plan.")] = 0,
    threads: Annotated[int | None, typer.Option(help="Threads; they never change the plan.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report instead of a summary.")] = False,
) -> None:
    """Redraw grids so that their work is even, with the least work moved.

    Exit status 3: not every constraint could be satisfied; the best plan and the reasons are written.
    Ctrl-C ends with the best plan so far; a second one at once. --frontier also writes a table and a
    picture beside the report.
    """
    from app.filemode import rebalance as mode
    from app.filemode.rebalance_options import Options

    options = Options(
        units=units,
        id_column=id_column,
        grid_column=grid_column,
        weights=tuple(weight or ()),
        move_weight=move_weight,
        tolerance=tolerance,
        class_column=class_column,
        group_column=group_column,
        locked_column=locked_column,
        lock_grids=tuple(lock_grid or ()),
        edges=edges,
        barriers=barriers,
        bridges=bridges,
        targets=targets,
        grids=grids,
        add=tuple(add or ()),
        dissolve=tuple(dissolve or ()),
    )
    how = mode.Run(out, report, max_moved, prefer, frontier, time_limit, seed, threads)
    with Asked("stopping with the best plan so far; Ctrl-C again stops at once") as asked, _Bar() as bar:
        status, content = mode.run(options, how, bar.show, asked.cancel)
    typer.echo(json.dumps(content, ensure_ascii=False) if as_json else mode.summary(content))
    if status:
        raise typer.Exit(status)


class _Bar:
    """How far the work is: a bar on a terminal, nothing elsewhere."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("reading", total=1.0)

    def __enter__(self) -> "_Bar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, event: Mapping[str, Any]) -> None:
        """Take in what the search tells."""
        words = [str(event.get("stage") or "search")]
        if event.get("plan") is not None:
            words[0] += f" (plan {event['plan']})"
        for name, text in (("violation", "violation {:.2f}"), ("moved_share", "{:.1%} moved")):
            if event.get(name) is not None:
                words.append(text.format(event[name]))
        if event.get("bound") is not None:
            words.append(f"at least {event['bound']:.1%}")
        self._bar.update(self._task, description=", ".join(words), completed=event.get("progress", 0.0))
