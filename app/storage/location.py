"""Which database the settings mean."""

from collections.abc import Callable

from app.settings import Settings
from app.storage import cluster
from app.storage.home import data_folder


def database_url(settings: Settings, say: Callable[[str], None] = lambda _: None) -> str:
    """The database the operator named, else the private cluster's, started where need be."""
    if settings.database_url:
        return settings.database_url
    return cluster.ensure((settings.data_dir or data_folder()) / "postgres", say=say)
