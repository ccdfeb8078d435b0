"""Which database the settings mean, and where this machine keeps what can be made again."""

from collections.abc import Callable
from pathlib import Path

from app.settings import Settings
from app.storage import cluster
from app.storage.home import data_folder


def database_url(settings: Settings, say: Callable[[str], None] = lambda _: None) -> str:
    """The database the operator named, else the private cluster's, started where need be."""
    if settings.database_url:
        return settings.database_url
    return cluster.ensure((settings.data_dir or data_folder()) / "postgres", say=say)


def cache_folder(settings: Settings) -> Path:
    """The folder of what may be deleted at any time. Not created here."""
    return (settings.data_dir or data_folder()) / "cache"
