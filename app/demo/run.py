"""From nothing to the page: the private cluster, the service, the story, the maps; then serve or end."""

import contextlib
import shutil
import signal
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from rich.console import Console

from app.demo import drawing, story
from app.demo.client import Document
from app.demo.errors import DemoFailed
from app.demo.folder import DATA, demo_folder, keep
from app.demo.service_process import Service, served
from app.demo.telling import Teller
from app.settings import Settings
from app.storage import cluster
from app.storage.home import data_folder
from app.storage.location import database_url


def run(
    settings: Settings, host: str, port: int, *, once: bool, console: Console, images: Path | None = None
) -> None:
    """Run the demo; ``port`` 0 takes a free one. Returns when it is done (``once``) or was interrupted.

    ``images``: a folder that the maps are copied into as well.

    Raises :class:`DemoFailed`, or :class:`app.storage.cluster.ClusterError` when there is no database.
    """
    if not (DATA / "meizhou").is_dir():
        raise DemoFailed(f"the demo's files are not in {DATA}: run it from a checkout of Gridwright")
    teller = Teller(console)
    folder = _folder(settings)
    with _ends_on_sigterm(), _database(settings, teller) as url:
        teller.step("Start the service, as `gridwright serve` does")
        with served(host, port, folder / "service.log", teller) as service:
            teller.figure(f"the service answers at {service.url}")
            told, keys = story.tell(service.url, url, DATA, teller, partial(drawing.draw, folder=folder))
            keep(folder, told)
            if images is not None:
                _copy(folder, images, told)
            _end_of_story(teller, told["seconds"], service, keys["neubrandenburg"], folder, once=once)
            if not once:
                _until_interrupted(service)


def _folder(settings: Settings) -> Path:
    folder = demo_folder(settings)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemoFailed(f"cannot make {folder}: {error.strerror}; set GRIDWRIGHT_DATA_DIR") from error
    return folder


def _copy(folder: Path, images: Path, told: Document) -> None:
    images.mkdir(parents=True, exist_ok=True)
    for town in told["towns"]:
        for one in town["maps"]:
            shutil.copyfile(folder / one["file"], images / one["file"])


@contextlib.contextmanager
def _database(settings: Settings, teller: Teller) -> Iterator[str]:
    """The database's URL; a private cluster that was not running before is stopped again."""
    if settings.database_url:
        yield settings.database_url
        return
    folder = (settings.data_dir or data_folder()) / "postgres"
    was_running = cluster.status(folder) == "running"
    teller.step("Start the private PostGIS cluster")
    url = database_url(settings, say=teller.figure)
    try:
        yield url
    finally:
        if not was_running and cluster.stop(folder, unless_used=True):
            teller.figure("the private PostGIS cluster is stopped; its data stay")


@contextlib.contextmanager
def _ends_on_sigterm() -> Iterator[None]:
    """SIGTERM ends the demo as Ctrl-C does: whatever it started is ended in good order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end_of_story(
    teller: Teller, seconds: float, service: Service, key: str, folder: Path, *, once: bool
) -> None:
    teller.chapter(f"Done in {seconds:.0f} seconds")
    teller.figure(f"maps and figures: {folder}")
    if once:
        teller.figure("`gridwright demo` without --once leaves the service running, with a page of them")
        return
    teller.figure(f"the page:         {service.url}/")
    teller.figure(f"the API:          {service.url}/docs")
    teller.figure(
        f"ask it yourself:  curl -H 'Authorization: Bearer {key}' "
        f"'{service.url}/v1/locate?lng=13.26&lat=53.557&crs=wgs84&plane=field'"
    )
    teller.figure("Ctrl-C ends it")


def _until_interrupted(service: Service) -> None:
    """Wait for Ctrl-C, which is how a demo is meant to end."""
    with contextlib.suppress(KeyboardInterrupt):
        status = service.process.wait()
        raise DemoFailed(f"the service ended by itself (exit status {status})")
