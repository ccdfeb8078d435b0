"""`gridwright demo [--once]`."""

from pathlib import Path
from typing import Annotated

import typer


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    root.command("demo")(demo)


def demo(
    once: Annotated[bool, typer.Option(help="End when the story is told, instead of serving.")] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen at.")] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Port; 0 takes a free one, as --once does by itself.", min=0, max=65535),
    ] = None,
    images: Annotated[
        Path | None, typer.Option(help="Copy the maps into this folder too.", hidden=True)
    ] = None,
) -> None:
    """Do the main job from end to end on real places, tell it as a story with maps, and serve it."""
    from rich.console import Console

    from app.demo import run
    from app.demo.errors import DemoFailed
    from app.settings import Settings
    from app.storage.cluster import ClusterError

    settings = Settings()
    if port is None:
        port = 0 if once else settings.port
    try:
        run.run(settings, host or settings.host, port, once=once, images=images, console=Console())
    except (DemoFailed, ClusterError) as error:
        typer.echo(f"gridwright: {' '.join(str(error).split())}", err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        typer.echo("gridwright: interrupted; what it started is ended", err=True)
        raise typer.Exit(130) from None
