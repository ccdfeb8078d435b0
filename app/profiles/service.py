"""Profiles: how operators divide their customers, as planes and policies to begin with."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit import service as audit
from app.audit.service import By
from app.errors import NotFound
from app.planes import service as planes
from app.policies import service as policies

ALWAYS = dt.date.min


@dataclass(frozen=True)
class NewPlane:
    """A plane that a profile makes."""

    code: str
    name: str
    kind: str
    rules: list[str]
    covers: dict[str, list[str]]


@dataclass(frozen=True)
class Profile:
    """What an organisation of this kind begins with; all of it can be changed afterwards."""

    name: str
    case: str
    about: str
    planes: list[NewPlane]
    policies: dict[str, dict[str, Any]]


@cache
def every() -> Mapping[str, Profile]:
    """All profiles by name, in order."""
    files = [file for file in resources.files("app.profiles").iterdir() if file.name.endswith(".yaml")]
    return {
        name: _profile(name, yaml.safe_load(file.read_text("utf-8")))
        for name, file in sorted((file.name.removesuffix(".yaml"), file) for file in files)
    }


def named(name: str) -> Profile:
    """The profile of this name; raises :class:`app.errors.NotFound`."""
    if name not in every():
        raise NotFound(
            f"There is no profile {name!r}; there are {', '.join(every())}.", kind="unknown-profile"
        )
    return every()[name]


async def furnish(profile: Profile, connection: AsyncConnection, org_id: uuid.UUID, by: By) -> None:
    """Give a new organisation the profile's planes and policies, as if they had always held."""
    for plane in profile.planes:
        await planes.create(connection, org_id, plane.code, plane.name, plane.kind, plane.rules, plane.covers)
    for kind, document in profile.policies.items():
        await policies.put(connection, org_id, kind, document, ALWAYS, by)
    made = {"profile": profile.name, "planes": [plane.code for plane in profile.planes]}
    await audit.record(connection, by, "org.profile", "org", str(org_id), after=made)


def _profile(name: str, said: Mapping[str, Any]) -> Profile:
    made = [NewPlane(**({"covers": {}} | plane)) for plane in said["planes"]]
    return Profile(name, said["case"], said["about"], made, said["policies"])
