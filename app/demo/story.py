"""The story as a whole: two organisations, one after the other, each told and drawn."""

import asyncio
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from app.demo import meizhou, neubrandenburg
from app.demo.client import Api, Document, Problem
from app.demo.days import days_in
from app.demo.errors import DemoFailed
from app.demo.steps import Stage
from app.demo.telling import Teller
from app.demo.towns import Chapter
from app.errors import Conflict
from app.orgs import service as orgs
from app.storage.database import Database

Draw = Callable[[str, Stage, Chapter], list[Document]]

TOWNS: tuple[tuple[str, str, ModuleType], ...] = (
    ("meizhou", "Meizhou 梅州", meizhou),
    ("neubrandenburg", "Neubrandenburg", neubrandenburg),
)


def tell(
    base_url: str, database_url: str, data: Path, teller: Teller, draw: Draw
) -> tuple[Document, dict[str, str]]:
    """Tell both towns' stories; their figures, and the key of each organisation by the town."""
    towns, keys = [], {}
    for town, title, story in TOWNS:
        teller.chapter(title)
        name, key = organisation(database_url, story.NAME, story.TIME_ZONE)
        keys[town] = key
        teller.step(f"A new organisation: {name} ({story.TIME_ZONE})")
        api = Api(base_url, key, teller)
        try:
            stage = Stage(api, teller, data / town, days_in(story.TIME_ZONE))
            stage.told = {"town": town, "title": title, "organisation": name}
            began = teller.seconds
            chapter: Chapter = story.tell(stage)
            teller.step("Draw the maps")
            stage.told["maps"] = draw(town, stage, chapter)
            stage.told["seconds"] = round(teller.seconds - began, 1)
            stage.told["days"] = {name: str(day) for name, day in vars(stage.days).items()}
        except Problem as problem:
            raise DemoFailed(str(problem)) from problem
        finally:
            api.close()
        towns.append(stage.told)
    made = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return {"made": made, "seconds": round(teller.seconds, 1), "towns": towns}, keys


def organisation(database_url: str, name: str, time_zone: str) -> tuple[str, str]:
    """A fresh organisation, numbered when the name is taken: its name and an administrator's key."""

    async def make() -> tuple[str, str]:
        database = Database(database_url, pool_size=1)
        try:
            for number in range(1, 10_000):
                numbered = name if number == 1 else f"{name} {number}"
                try:
                    return numbered, (await orgs.create(database, numbered, time_zone))[1]
                except Conflict:
                    continue
        finally:
            await database.close()
        raise DemoFailed(f"there are too many organisations named {name}")

    return asyncio.run(make())
