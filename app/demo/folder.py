"""Where the demo leaves its maps and its story."""

import re
from pathlib import Path
from typing import Any

import orjson

from app.settings import Settings
from app.storage.home import PROJECT, data_folder

DATA = PROJECT / "data"
"""The demo's files; they are part of a checkout, not of the installed package."""

MAP_NAME = re.compile(r"[a-z][a-z0-9-]{0,60}\.png")


def demo_folder(settings: Settings) -> Path:
    """The folder of the maps and of story.json; not created here."""
    return (settings.data_dir or data_folder()) / "demo"


def keep(folder: Path, story: dict[str, Any]) -> None:
    """Write the story; it appears whole or not at all."""
    half = folder / "story.json.new"
    half.write_bytes(orjson.dumps(story, option=orjson.OPT_INDENT_2))
    half.replace(folder / "story.json")


def kept(folder: Path) -> dict[str, Any] | None:
    """The story of the last demo, none when there was none."""
    try:
        story: dict[str, Any] = orjson.loads((folder / "story.json").read_bytes())
    except (FileNotFoundError, NotADirectoryError, PermissionError, orjson.JSONDecodeError):
        return None
    return story
