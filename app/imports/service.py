"""Taking a file in: what was asked is checked, the bytes are kept as received, and a job is submitted."""

import datetime as dt
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, BinaryIO

import anyio.to_thread
import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Invalid, NotFound
from app.imports import repository
from app.jobs import service as jobs
from app.orgs import service as orgs
from app.planes import service as planes
from app.staging.params import KINDS, ImportParams
from app.staging.rows import missing_crs
from geo.datum import parse_crs

CHUNK = 1 << 20
JOB_KIND = "import"


@dataclass(frozen=True)
class Incoming:
    """A file that is being handed in: its name, an open binary file, its digest and size."""

    name: str
    content: BinaryIO
    sha256: bytes
    size: int


async def incoming(name: str, content: BinaryIO) -> Incoming:
    """Read the file once, by stretches, for its digest and size."""

    def digest() -> tuple[bytes, int]:
        content.seek(0)
        found, size = hashlib.sha256(), 0
        while stretch := content.read(CHUNK):
            found.update(stretch)
            size += len(stretch)
        return found.digest(), size

    sha256, size = await anyio.to_thread.run_sync(digest)
    return Incoming(_file_name(name), content, sha256, size)


def _file_name(name: str) -> str:
    """A name that a file on disk can have: no folders, and short enough with its extension."""
    bare = PurePath(PurePath(name.replace("\\", "/")).name.replace("\0", ""))
    stem = bare.stem.encode()[:150].decode(errors="ignore") or "upload"
    return stem + bare.suffix[:20]


def known_kind(kind: str) -> str:
    """The kind of import; raises :class:`NotFound` for one there is not."""
    if kind not in KINDS:
        raise NotFound(f"There is no import {kind!r}; there are {', '.join(KINDS)}.", kind="unknown-import")
    return kind


async def parameters(
    connection: AsyncConnection, org_id: uuid.UUID, kind: str, given: Mapping[str, Any], file_name: str
) -> ImportParams:
    """What is asked, checked as far as it can be without reading the file.

    ``given`` holds the fields of an import by name (crs, plane, name, base, on_findings, repair, since,
    mapping, encoding, layer), None where nothing was said. Raises :class:`Invalid`, :class:`NotFound` for a
    plane that is not there, and :class:`geo.errors.InputError` for an unknown CRS.
    """
    wants = KINDS[known_kind(kind)]
    crs = parse_crs(given["crs"]) if given.get("crs") else None
    plane = await planes.get(connection, given["plane"]) if given.get("plane") else None
    if wants.plane == "needed" and plane is None:
        raise Invalid(f"{kind} belong to a plane: say which with plane=CODE.", kind="missing-plane")
    placeless = kind == "grids" and plane is not None and plane.kind == "list"
    if crs is None and wants.places == "always" and not placeless:
        raise missing_crs(kind, file_name)
    since = given.get("since") or await orgs.today(connection, org_id)
    return ImportParams(
        kind=kind,
        since=since if isinstance(since, dt.date) else dt.date.fromisoformat(since),
        crs=crs,
        plane=plane.code if plane else None,
        name=given.get("name"),
        base=given.get("base"),
        on_findings=given.get("on_findings") or "reject",
        repair=given.get("repair") or "none",
        mapping=given.get("mapping") or {},
        encoding=given.get("encoding"),
        layer=given.get("layer"),
    )


def fingerprint(kind: str, given: Mapping[str, Any], file: Incoming) -> bytes:
    """What tells two imports apart: the file's bytes and what was said of them."""
    said = orjson.dumps({"kind": kind, "file": file.name, **given}, default=str, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(said + file.sha256).digest()


async def submit(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    params: ImportParams,
    file: Incoming,
    actor: str,
    *,
    queued: bool = True,
) -> uuid.UUID:
    """Keep the file and submit the job that loads it, all in the caller's transaction.

    Not ``queued``: the caller runs the job itself.
    """
    upload_id = await repository.add_upload(connection, org_id, file.name, file.sha256, file.size)
    await anyio.to_thread.run_sync(file.content.seek, 0)
    number = 0
    while stretch := await anyio.to_thread.run_sync(file.content.read, CHUNK):
        await repository.add_chunk(connection, org_id, upload_id, number, stretch)
        number += 1
    return await jobs.submit(
        connection,
        org_id,
        JOB_KIND,
        {"upload": str(upload_id), "file": file.name, **params.to_json()},
        actor,
        queued=queued,
    )
