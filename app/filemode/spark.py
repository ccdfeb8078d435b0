"""Assigning by Spark: the local engine's rows, in a folder of Parquet files that lie apart on the ground.

Tasks read row groups by themselves, so that every row keeps its number in the input, answer them against an
index that each machine has once, and hand them on by H3 cell; then each stretch of the ground is sorted and
written. See docs/adr/0012.
"""

import re
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial, reduce
from itertools import chain
from operator import add
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from app.filemode.answering import Answering, Counts, PointColumns
from app.filemode.assign_input import (
    PHASES,
    Clock,
    Options,
    Summary,
    index_grids,
    point_columns,
    refuse_inputs,
)
from app.filemode.evidence import Evidence
from app.filemode.geodata import chosen_crs
from app.filemode.spark_session import require_answer, session
from app.filemode.spark_tasks import ANSWER, MOVED, OUT, WRITTEN, Asked, ByRow, Share, Told, answer, write
from geo import cells, files
from geo.datum import points_to_working
from geo.errors import InputError
from geo.files import pieces

_BATCH = 1 << 17
_TASK = 1 << 18  # rows of a task: some tenths of a second
_FILE = 1 << 20  # rows of a file of OUT
_LEAST_FILE = 1 << 16  # below, files are not made smaller to keep every core busy
_LOOKED_AT = 64  # shares of the input that tell how points are spread
_LOOK = 1 << 14
_MOST_LOOKED_AT = 1 << 20  # rows in all
_DONE = "_SUCCESS"
_PART = re.compile(r"part-\d{5,}\.parquet")


def assign(options: Options, master: str | None = None) -> Summary:
    """Write one row per input row, with its number, into the folder ``options.out``.

    ``master``: Spark's, local[*] by default. Points are a file, or a folder whose Parquet files are taken in
    the order of their paths. Every machine must see points and answer under the same path. Seconds by phase
    are sums over the tasks, but for ``spark`` (starting), ``grids`` and ``total``. Raises InputError; then
    nothing is written.
    """
    start = perf_counter()
    require_answer(master or "")
    summary = Summary(seconds=dict.fromkeys(("spark", *PHASES), 0.0))
    clock = Clock(summary.seconds)
    with _staging(options) as staging:
        shares, columns, crs = _shares(options, staging)
        rows = sum(share.piece.rows for share in shares)
        clock("read")
        locator = index_grids(options, rows)
        index = staging / f"{uuid.uuid4().hex}.locator"
        locator.save(index)
        clock("grids")
        answering = Answering(locator, crs, columns, ANSWER)
        evidence = _look(answering, shares)
        clock("read")
        with session(master or "local[*]") as spark:
            cores = spark.sparkContext.defaultParallelism
            stretches = max(-(-rows // _FILE), min(cores, -(-rows // _LEAST_FILE)), 1)
            clock("spark")
            bounds = _bounds(evidence, crs, stretches)
            asked = Asked(index.name, crs, columns, _tasks(shares), bounds)
            clock("read")
            spark.sparkContext.addFile(str(index))
            written, told = _run(spark, asked, staging)
        summary.counts = reduce(add, (one.counts for one in told), Counts())
        summary.warnings += evidence.warnings(crs, locator, summary.counts)
        for one in [*(t.seconds for t in told), *({"write": w["seconds"]} for w in written)]:
            for phase, seconds in one.items():
                summary.seconds[phase] = summary.seconds.get(phase, 0.0) + seconds
        _put(staging, options.out, [w["file"] for w in sorted(written, key=lambda w: w["stretch"])])
    summary.seconds["total"] = perf_counter() - start
    return summary


def _run(spark: Any, asked: Asked, staging: Path) -> tuple[list[Any], list[Told]]:
    """The two stages; what was written, and what the shares came to."""
    from pyspark.sql.pandas.types import from_arrow_schema

    told = spark.sparkContext.accumulator({}, ByRow())
    numbers = spark.range(0, len(asked.tasks), 1, max(1, len(asked.tasks)))
    answers = numbers.mapInArrow(partial(answer, asked, told), from_arrow_schema(MOVED))
    # A cell's number begins with the numbers of the cells around it, so its order is the order of coarse
    # cells too, whichever size is meant.
    near = answers.repartitionById(len(asked.bounds) + 1, "stretch").sortWithinPartitions("h3", "row")
    files = near.select(*OUT.names).mapInArrow(
        partial(write, str(staging.resolve())), from_arrow_schema(WRITTEN)
    )
    return files.collect(), list(told.value.values())


@contextmanager
def _staging(options: Options) -> Iterator[Path]:
    """A folder beside OUT, gone at the end."""
    out = options.out
    _check_out(out)
    refuse_inputs(options)
    for path in (options.points, options.grids):
        if out.resolve() in path.resolve().parents:
            raise InputError(f"{path} lies in this folder: write to another", kind="bad-usage", file=str(out))
    staging = out.with_name(f".{out.name}.{uuid.uuid4().hex}")
    try:
        staging.mkdir()  # its rights are those of any new folder: tasks may run as another user
    except OSError as error:
        raise InputError(
            f"the folder {str(out.parent)!r} may not be written to ({error.strerror})",
            kind="no-file",
            file=str(out),
        ) from error
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _check_out(out: Path) -> None:
    suffix = out.suffix.lower()
    if suffix in files.EXTENSIONS and suffix != ".parquet":
        raise InputError(
            f"the Spark engine writes a folder of Parquet files, not {suffix}: name a folder",
            kind="unknown-format",
            file=str(out),
        )
    if not out.parent.is_dir():
        raise InputError(f"the folder {str(out.parent)!r} does not exist", kind="no-file", file=str(out))
    if out.is_dir():
        others = [p.name for p in out.iterdir() if p.name != _DONE and not _PART.fullmatch(p.name)]
        if others:
            raise InputError(
                f"this folder has other things than an earlier answer ({min(others)}): name another",
                kind="no-file",
                file=str(out),
            )
    elif out.exists():
        raise InputError(
            "this is a file; the Spark engine writes a folder: name another", kind="no-file", file=str(out)
        )


def _put(staging: Path, out: Path, names: Sequence[str]) -> None:
    """Make the files of ``names``, in this order, the folder OUT, in place of an earlier answer."""
    answer = staging / "answer"
    answer.mkdir()
    for number, name in enumerate(names):
        (staging / name).replace(answer / f"part-{number:05}.parquet")
    if not names:
        files.write_table(answer / "part-00000.parquet", OUT.empty_table())
    (answer / _DONE).touch()
    if out.exists():
        out.replace(staging / "earlier")
    answer.replace(out)


def _shares(options: Options, staging: Path) -> tuple[list[Share], PointColumns, str]:
    """The input in shares, the columns to read, and the CRS of the points."""
    tables = [files.open_table(p, encoding=options.encoding) for p in _inputs(options.points)]
    columns = point_columns(tables[0], options)
    crs = chosen_crs(tables[0], options.crs, "--crs")
    shares: list[Share] = []
    row = 1
    for table in tables:
        for name in columns.names:
            table.require(name)
        other = chosen_crs(table, options.crs, "--crs")
        if other != crs:
            raise InputError(
                f"this file says {other} where {tables[0].path} says {crs}: name the CRS of all by --crs",
                kind="mixed-crs",
                file=str(table.path),
            )
        source = table if table.path.suffix.lower() == ".parquet" else _copied(table, columns, staging)
        cut = pieces.cut(source.path.resolve(), source.source.geometry, _TASK)
        shares += [Share(piece, str(table.path), row + piece.first) for piece in cut]
        row += sum(piece.rows for piece in cut)
    return shares, columns, crs


def _inputs(points: Path) -> list[Path]:
    """The file, or the Parquet files of the folder in the order of their paths."""
    if not points.is_dir():
        return [points]
    found = [
        p for p in points.rglob("*.parquet")
        if p.is_file() and not any(part.startswith((".", "_")) for part in p.relative_to(points).parts)
    ]  # fmt: skip
    if not found:
        raise InputError(
            "there is no .parquet file in this folder: expected points", kind="no-file", file=str(points)
        )
    return sorted(found)


def _copied(table: files.Table, columns: PointColumns, staging: Path) -> files.Table:
    """The columns needed of a file that cannot be read in pieces, as Parquet: only reading it from its
    beginning tells where its rows are."""
    path = staging / "points.parquet"
    batches = table.batches(_BATCH, columns.names)
    first = next(batches, None)
    if first is None:
        files.write_table(path, table.read(columns.names), crs=None)
    else:
        files.write_batches(path, first.schema, chain([first], batches), crs=None)
    return files.open_table(path)


def _tasks(shares: list[Share]) -> tuple[tuple[Share, ...], ...]:
    """Shares that follow one another, together until they are enough for a task."""
    tasks: list[list[Share]] = []
    room = 0
    for share in shares:
        if share.piece.rows > room:
            tasks.append([])
            room = _TASK
        tasks[-1].append(share)
        room -= share.piece.rows
    return tuple(map(tuple, tasks))


def _look(answering: Answering, shares: list[Share]) -> Evidence:
    """A sample of the points: the first of shares that lie evenly over the input, all of a small one."""
    evidence = Evidence()
    looked_at = shares[:: max(1, -(-len(shares) // _LOOKED_AT))]
    for number, share in enumerate(looked_at, 1):
        for batch in pieces.read(share.piece, _LOOK, answering.columns.names):
            taken = answering.take(batch, share.file, share.piece.first + 1)
            evidence.add(taken.x, taken.y)
            if evidence.rows >= _MOST_LOOKED_AT * number // len(looked_at):
                break
    return evidence


def _bounds(evidence: Evidence, crs: str, stretches: int) -> npt.NDArray[np.uint64]:
    """The first cells (stretches - 1,) of stretches with about equally many points, by a sample of them."""
    h3 = np.sort(cells.cells(*points_to_working(*evidence.sample(), crs)))
    h3 = h3[h3 > 0]
    if not len(h3):
        return np.zeros(stretches - 1, np.uint64)
    bounds: npt.NDArray[np.uint64] = h3[len(h3) * np.arange(1, stretches) // stretches]
    return bounds
