"""Uploads in the database, in stretches."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.imports.models import Upload, UploadChunk
from app.storage.rows import records


async def add_upload(
    connection: AsyncConnection, org_id: uuid.UUID, file_name: str, sha256: bytes, size: int
) -> uuid.UUID:
    """A new upload without its bytes yet."""
    made = (
        insert(Upload)
        .values(org_id=org_id, file_name=file_name, sha256=sha256, size=size)
        .returning(Upload.upload_id)
    )
    upload_id: uuid.UUID = (await connection.execute(made)).scalar_one()
    return upload_id


async def add_chunk(
    connection: AsyncConnection, org_id: uuid.UUID, upload_id: uuid.UUID, number: int, content: bytes
) -> None:
    """One stretch of the upload's bytes; ``number`` counts from 0."""
    await connection.execute(
        insert(UploadChunk).values(org_id=org_id, upload_id=upload_id, number=number, content=content)
    )


async def upload(connection: AsyncConnection, upload_id: uuid.UUID) -> dict[str, Any] | None:
    """An upload's name, digest and size."""
    query = select(Upload.file_name, Upload.sha256, Upload.size).where(Upload.upload_id == upload_id)
    found = records(await connection.execute(query))
    return found[0] if found else None


async def chunks(connection: AsyncConnection, upload_id: uuid.UUID) -> AsyncIterator[bytes]:
    """The upload's bytes in order, one stretch in memory at a time."""
    number = 0
    while True:
        query = select(UploadChunk.content).where(
            UploadChunk.upload_id == upload_id, UploadChunk.number == number
        )
        content: bytes | None = (await connection.execute(query)).scalar_one_or_none()
        if content is None:
            return
        yield content
        number += 1
