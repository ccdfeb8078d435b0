"""What a request may say, what it may not, and that nothing is done twice or by half."""

from __future__ import annotations

import asyncio
import io
import uuid
import zipfile
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.main import create_app
from app.settings import Settings
from app.storage.database import Database
from app.storage.locks import one_import

ACCOUNTS = "id,lng,lat\nA1,116.005,24.005\nA2,116.015,24.005\n"


def kind_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].rsplit("/", 1)[1]


@pytest.mark.parametrize(
    ("kind", "fields", "status", "problem"),
    [
        ("accounts", {}, 422, "missing-crs"),
        ("accounts", {"crs": "wgs85"}, 422, "unknown-crs"),
        ("nonsense", {"crs": "wgs84"}, 404, "unknown-import"),
        ("grids", {"crs": "wgs84"}, 422, "missing-plane"),
        ("named-lists", {"plane": "nowhere"}, 404, "unknown-plane"),
        ("accounts", {"crs": "wgs84", "since": "soon"}, 422, "invalid-request"),
        ("accounts", {"crs": "wgs84", "mapping": "{"}, 422, "invalid-request"),
        ("accounts", {"crs": "wgs84", "on_finding": "draft"}, 422, "invalid-request"),
        ("accounts", {"crs": "wgs84", "mapping": '{"id":"key"}'}, 422, "missing-column"),
    ],
)
async def test_what_is_asked_wrongly(
    send: Any, kind: str, fields: dict[str, str], status: int, problem: str
) -> None:
    assert kind_of(await send(kind, "a.csv", ACCOUNTS, **fields)) == (status, problem)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.csv", b"", "empty-file"),
        ("a.csv", b"id,lng,lat\n", "empty-file"),
        ("a.csv", b"id,name\nA1,one\n", "missing-column"),
        ("a.csv", b"id,lng,lat\nA1,116\n", "bad-row"),
        ("a.csv", b"\x00\x01\x02", "unreadable-file"),
        ("a.gpkg", b"not a geopackage", "unreadable-file"),
        ("a.parquet", b"PAR1 no", "unreadable-file"),
        ("a.zip", b"PK no", "unreadable-file"),
        ("a.docx", b"anything", "unknown-format"),
    ],
)
async def test_files_that_cannot_be_used(send: Any, name: str, content: bytes, problem: str) -> None:
    answer = await send("accounts", name, content, crs="wgs84")
    assert kind_of(answer) == (422, problem)
    assert "/tmp" not in answer.text


async def test_people_with_coordinates_need_a_crs_and_without_do_not(send: Any) -> None:
    assert (await send("people", "p.csv", "id,name\nP1,one\n")).status_code == 201
    assert kind_of(await send("people", "p.csv", "id,name,lng,lat\nP1,one,1,2\n")) == (422, "missing-crs")


async def test_a_mapping_an_encoding_and_a_zip(send: Any) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("folder/客户.csv", "编码,X坐标,纬度\nA1,116,24\n".encode("gb18030"))
    answer = await send(
        "accounts", "a.zip", packed.getvalue(), crs="gcj02", mapping='{"lng":"X坐标"}', encoding="gb18030"
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["result"]["accepted"] == 1


async def test_a_file_that_is_too_large(database_url: str, api: Any) -> None:
    app = create_app(Settings(database_url=database_url, max_upload_mb=1))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gridwright") as client:
            answer = await client.post(
                "/v1/imports/parties",
                files={"file": ("p.csv", b"id,name\n" + b"x" * (2 << 20))},
                headers={"Authorization": f"Bearer {api.key}"},
            )
    assert kind_of(answer) == (413, "too-large")


async def test_the_same_key_twice_is_one_job(send: Any, api: Any, database: Database) -> None:
    answers = await asyncio.gather(
        *(send("accounts", "a.csv", ACCOUNTS, crs="wgs84", key="k1", wait=False) for _ in range(4))
    )
    assert {answer.status_code for answer in answers} == {202}
    (job_id,) = {answer.json()["id"] for answer in answers}
    assert (await api.ended(job_id))["result"]["changed"] == 2

    again = await send("accounts", "a.csv", ACCOUNTS, crs="wgs84", key="k1")
    assert (again.status_code, again.json()["id"]) == (201, job_id)
    async with database.transaction(api.org_id) as connection:
        for table, count in (("jobs", 1), ("uploads", 1), ("accounts", 2), ("account_places", 2)):
            assert (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == count

    other = await send("accounts", "a.csv", ACCOUNTS.replace("A2", "A3"), crs="wgs84", key="k1")
    assert kind_of(other) == (422, "idempotency-key-reused")


async def test_a_cancelled_import_leaves_nothing(send: Any, api: Any, database: Database) -> None:
    # The import waits for this lock when its rows are staged: a running job, half done for certain.
    async with database.transaction(api.org_id) as holding:
        await one_import(holding, api.org_id)
        job_id = (await send("accounts", "a.csv", ACCOUNTS, crs="wgs84", wait=False)).json()["id"]
        while (await api.get(f"/v1/jobs/{job_id}")).json()["status"] != "running":
            await asyncio.sleep(0.02)
        assert (await api.delete(f"/v1/jobs/{job_id}")).status_code == 200
        await asyncio.sleep(1.5)
    job = await api.ended(job_id)
    assert (job["status"], job["result"]) == ("cancelled", None)
    async with database.transaction(api.org_id) as connection:
        assert (await connection.execute(text("SELECT count(*) FROM accounts"))).scalar_one() == 0


async def test_a_reader_may_not_load(client: httpx.AsyncClient, api: Any, database: Database) -> None:
    from app.auth import service as auth

    async with database.transaction(api.org_id) as connection:
        key = await auth.make_key(connection, api.org_id, f"reader {uuid.uuid4().hex}", "reader")
    answer = await client.post(
        "/v1/imports/parties",
        files={"file": ("p.csv", b"id,name\nP1,one\n")},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert kind_of(answer) == (403, "forbidden")
