"""From a file to a staging table, and from refused rows to the job's report: what all loaders share."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio.to_thread
import numpy as np
import numpy.typing as npt

from app.errors import Invalid
from app.jobs import service as jobs
from app.jobs.runner import Work
from app.staging import repository as repository
from app.staging.params import ImportParams
from app.staging.parsing import Batch, Spec, has_coordinates, parse
from app.storage.locks import one_import
from geo import columns as names
from geo.errors import InputError
from geo.files import Table

BATCH_ROWS = 20_000
_MOST_SAMPLED = 20_000
_READ_SHARE = 0.6  # of the progress: the rest is the merge and the assignment


@dataclass
class Staged:
    """A file in the staging table. ``given``: our columns that the file has (absent ones change nothing)."""

    rows: int = 0
    given: list[str] = field(default_factory=list)
    repaired: int = 0
    sample: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))
    warnings: list[dict[str, Any]] = field(default_factory=list)


def missing_crs(kind: str, file: str) -> Invalid:
    """The refusal of coordinates without a datum."""
    return Invalid(
        f"{kind} have coordinates, and crs does not say in which datum they are: "
        "give crs=wgs84, gcj02, bd09 or epsg:N. It is never guessed.",
        kind="missing-crs",
        file=file,
    )


def resolve(table: Table, kind: str, mapping: Mapping[str, str]) -> names.Resolved:
    """Our columns in the file; raises when a needed one is missing."""
    found = names.resolve(kind, table.names, mapping)
    names.require(found, kind, table.names, file=table.path.name)
    return found


async def stage(
    work: Work, table: Table, spec: Spec, params: ImportParams, further: Mapping[str, str] | None = None
) -> Staged:
    """Read the file by batches into the staging table, with the reasons of rows that cannot be used.

    ``further``: columns (name → PostgreSQL type) that the merge fills. Memory is bounded by the batch.
    """
    found = resolve(table, spec.kind, params.mapping)
    crs = params.crs if has_coordinates(spec, found.columns) else None
    if crs is None and has_coordinates(spec, found.columns):
        raise missing_crs(spec.kind, table.path.name)
    await repository.create(work.connection, {**spec.columns, **(further or {})})
    staged = Staged(given=list(found.columns))
    batches = table.batches(BATCH_ROWS)
    size, read, seen = table.path.stat().st_size, 0, 0

    def one() -> Batch | None:
        """The next batch, parsed."""
        nonlocal read, seen
        batch = next(batches, None)
        if batch is None:
            return None
        read += batch.nbytes
        seen += batch.num_rows
        return parse(
            batch,
            spec,
            found.columns,
            found.extra,
            crs=crs,
            repair=params.repair == "valid",
            first_row=seen - batch.num_rows + 1,
        )

    async for parsed in _ahead(one):
        work.check()
        staged.rows += await repository.add(work.connection, parsed.rows)
        staged.repaired += parsed.repaired
        staged.sample = _thinned(np.concatenate([staged.sample, parsed.sample]))
        done = staged.rows / table.rows if table.rows else read / max(size, 1)
        work.tell(_READ_SHARE * min(1.0, done), f"{staged.rows:,} rows read")
    if staged.rows == 0:
        raise InputError(
            "the file has column names and no rows: there is nothing to load",
            kind="empty-file",
            file=table.path.name,
        )
    # From here on nobody else merges: what the checks see is what the merge meets.
    await one_import(work.connection, work.org_id)
    await repository.analyse(work.connection, staged.rows)
    work.tell(_READ_SHARE, f"{staged.rows:,} rows read; checking them")
    return staged


def _thinned(sample: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Enough of the sample, however long the file."""
    return sample[::2] if len(sample) > _MOST_SAMPLED else sample


async def _ahead(one: Callable[[], Batch | None]) -> AsyncIterator[Batch]:
    """Batches until there is none; the next is made in a thread while the server takes the one before."""
    following = asyncio.ensure_future(anyio.to_thread.run_sync(one))
    try:
        while (batch := await following) is not None:
            following = asyncio.ensure_future(anyio.to_thread.run_sync(one))
            yield batch
    finally:
        # The thread reads the file: it has to be through before the file is taken away.
        with contextlib.suppress(Exception):
            await following


async def finish(work: Work, staged: Staged, **more: Any) -> dict[str, Any]:
    """Report the refused rows and make the result."""
    rows, refused = await repository.counts(work.connection)
    after = 0
    while page := await repository.refused(work.connection, after, BATCH_ROWS):
        await jobs.refuse_rows(
            work.connection,
            work.org_id,
            work.job_id,
            [(row["row"], row["row_id"], row["reason"]) for row in page],
        )
        after = page[-1]["row"]
    if staged.repaired:
        more["repaired"] = staged.repaired
    return {
        "rows": rows,
        "accepted": rows - refused,
        "refused": refused,
        **more,
        "warnings": staged.warnings,
    }
