"""Questions as of any day find their few rows by an index, under row-level security, however long the past.

What is explained is what the service sends: the statements of its own answers are overheard.
"""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio
from history_data import BIG, History, Scan, changed_on, overheard, scans, write

ACCOUNTS, SIDE = 12_000, 5
THEN = {"at": changed_on(1).isoformat()}
BELIEVED = {"at": changed_on(4).isoformat(), "known_at": changed_on(2).isoformat()}


@pytest_asyncio.fixture(scope="module")
async def history(database: Any) -> History:
    """An organisation with a history, beside another that has as long a one."""
    await write(database, ACCOUNTS, SIDE)
    return await write(database, ACCOUNTS, SIDE)


async def read(
    client: Any, database: Any, history: History, path: str, **params: Any
) -> tuple[Any, list[Scan]]:
    """The answer, and how the tables that grow with the customers were read for it."""
    with overheard() as heard:
        answer = await client.get(path, params=params, headers={"Authorization": f"Bearer {history.key}"})
    assert answer.status_code == 200, answer.text
    found = await scans(database, history.org_id, heard)
    return answer.json(), [scan for scan in found if scan.table in BIG]


@pytest.mark.parametrize("asked", [{}, THEN, BELIEVED], ids=["now", "then", "as known then"])
@pytest.mark.parametrize(
    "path", ["/v1/accounts/c777/assignments", "/v1/accounts/c777/explain", "/v1/accounts/c777"]
)
async def test_one_account(client: Any, database: Any, history: History, path: str, asked: dict[str, str]):
    _, read_by = await read(client, database, history, path, **asked)
    assert read_by
    assert [scan for scan in read_by if scan.index is None] == []


async def test_what_is_found_is_what_held_and_what_was_believed(client: Any, database: Any, history: History):
    path = "/v1/accounts/c777/assignments"
    grids = [f"G{(777 * 7 + change) // 40 % SIDE**2:05}" for change in range(5)]
    for change, grid in enumerate(grids):
        told, _ = await read(client, database, history, path, at=changed_on(change).isoformat())
        assert told["assignments"][0]["grid"] == grid
    told, _ = await read(client, database, history, path, **BELIEVED)
    assert told["assignments"][0]["grid"] == grids[2]


@pytest.mark.parametrize("asked", [{}, THEN], ids=["now", "then"])
@pytest.mark.parametrize("path", ["/v1/accounts", "/v1/planes/p/quarantine"])
async def test_one_grid(client: Any, database: Any, history: History, path: str, asked: dict[str, str]):
    params = {"plane": "p"} if path == "/v1/accounts" else {}
    _, read_by = await read(client, database, history, path, grid="G00001", limit=50, **params, **asked)
    assert [scan for scan in read_by if scan.index is None] == []


@pytest.mark.parametrize("asked", [{}, THEN], ids=["now", "then"])
@pytest.mark.parametrize("path", ["/v1/planes/p/quarantine/summary", "/v1/coverage/summary"])
async def test_a_summary_reads_what_is_known_and_no_more(
    client: Any, database: Any, history: History, path: str, asked: dict[str, str]
):
    params = {"plane": "p"} if path == "/v1/coverage/summary" else {}
    told, read_by = await read(client, database, history, path, **params, **asked)
    assert read_by
    assert [scan for scan in read_by if scan.index is None] == []
    assert told
