"""A bulk question and its answer as Apache Arrow IPC streams.

A stream is not believed: its messages are looked at before anything is unpacked, what is read is validated
whole before it is used, and only columns that are asked for are read at all.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.assignments.decide import RULE_NAMES
from app.coverage import arrow_messages
from app.coverage.answer import STATUSES, Answer
from app.coverage.columns import NEEDED, NUMBERS, TEXTS, Floats, Question, at_most, question, whose
from app.errors import Invalid, TooLarge, Unsupported

KIND = "application/vnd.apache.arrow.stream"
MAX_TEXT = 64 << 20
"""Bytes of one column's text, once written out row by row."""


def parse(body: bytes, plane: str | None, crs: str | None) -> Question:
    """A question from a stream; raises :class:`Invalid` for what is none."""
    named = whose(plane, crs, "")
    try:
        columns = _columns(body)
    except (pa.ArrowException, OSError, ValueError) as error:
        said = str(error).split("\n")[0]
        raise Invalid(f"The body is no whole Arrow IPC stream: {said}.", kind="invalid-request") from error
    numbers = {name: _floats(columns[name]) for name in NUMBERS if name in columns}
    texts = {name: _texts(columns[name]) for name in TEXTS if name in columns}
    reason = np.full(len(columns["id"]), None, dtype=object)
    return question(*named, columns["id"], numbers, texts, reason)


def _columns(body: bytes) -> dict[str, Any]:
    """The columns that a question has, each as one array without a dictionary."""
    rows = 0
    for message in _messages(body):
        if message.compressed:
            raise Unsupported(
                "The stream's buffers are compressed; write it without (compression=None).",
                kind="compressed-stream",
            )
        rows += message.rows
    at_most(rows)
    schema = pa.ipc.open_stream(body).schema
    wanted = [i for i, name in enumerate(schema.names) if name in (*NEEDED, *NUMBERS, *TEXTS)]
    names = [schema.names[i] for i in wanted]
    for name in NEEDED:
        if name not in names:
            raise Invalid(
                f"The stream has no column {name} (it has {', '.join(schema.names[:20]) or 'none'}).",
                kind="bad-columns",
            )
    for i, name in zip(wanted, names, strict=True):
        if names.count(name) > 1:
            raise Invalid(f"The stream has several columns {name}.", kind="bad-columns")
        _check_kind(name, schema.field(i).type)
    options = pa.ipc.IpcReadOptions(included_fields=wanted, use_threads=False)
    table = pa.ipc.open_stream(body, options=options).read_all()
    table.validate(full=True)
    return {name: _plain(name, table.column(name)) for name in names}


def _messages(body: bytes) -> Iterator[arrow_messages.Batch]:
    if not body.endswith(arrow_messages.END):
        raise Invalid(
            "The body is no whole Arrow IPC stream: it does not end with an end-of-stream marker.",
            kind="invalid-request",
        )
    for message in pa.ipc.MessageReader.open_stream(body):
        if message.type in ("record batch", "dictionary"):
            yield arrow_messages.batch(message.metadata.to_pybytes())


def _check_kind(name: str, kind: Any) -> None:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    number = pa.types.is_integer(value) or pa.types.is_floating(value)
    if name in NUMBERS:
        good, expected = number and value is kind, "numbers"
    else:
        good, expected = _is_text(value) or pa.types.is_integer(value), "text or whole numbers"
    if not (good or pa.types.is_null(value)):
        raise Invalid(f"The column {name} is of type {kind}; {expected} were expected.", kind="bad-columns")


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _plain(name: str, column: Any) -> Any:
    """The column as one array of plain values. A dictionary, or views, may say one long text many times."""
    if pa.types.is_dictionary(column.type) or pa.types.is_string_view(column.type):
        said = sum(map(_text_bytes, column.chunks))
        if said > MAX_TEXT:
            raise TooLarge(f"The column {name} is {said:,} bytes of text; at most {MAX_TEXT:,} are taken.")
        plain = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        column = column.cast(pa.large_string() if _is_text(plain) else plain)
    array = column.combine_chunks()
    return pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array


def _text_bytes(chunk: Any) -> int:
    if not pa.types.is_dictionary(chunk.type):
        return int(_lengths(chunk).sum())
    if not _is_text(chunk.type.value_type):
        return 8 * len(chunk)
    return int(_lengths(chunk.dictionary)[chunk.indices.drop_null().to_numpy()].sum())


def _lengths(texts: Any) -> NDArray[np.int64]:
    """Bytes of each text, 0 where there is none."""
    if pa.types.is_string_view(texts.type):
        # A view is 16 bytes, of which the first four are its length.
        views = np.frombuffer(texts.buffers()[1], np.int32)[::4] if len(texts) else np.empty(0, np.int32)
        said = views[texts.offset : texts.offset + len(texts)]
    else:
        said = pc.fill_null(pc.binary_length(texts), 0).to_numpy()
    return np.where(texts.is_valid().to_numpy(zero_copy_only=False), said, 0).astype(np.int64)


def _floats(column: Any) -> Floats:
    """Numbers as float64, NaN where there is none."""
    out: Floats = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return out


def _texts(column: Any) -> list[str | None]:
    return [None if value is None or value == "" else str(value) for value in column.to_pylist()]


def encode(answer: Answer) -> bytes:
    """The answer as one record batch; the plan is in the schema's metadata under ``plan``."""
    columns: Mapping[str, Any] = {
        "id": answer.ids if isinstance(answer.ids, pa.Array) else _of_list(answer.ids),
        "grid": _named(answer.codes, answer.grid),
        "status": _named(STATUSES, answer.status),
        "rule": _named(RULE_NAMES, answer.rule),
        "tie": pa.array(answer.tie),
        "nearest_grid": _named(answer.codes, answer.nearest),
        "distance_m": pa.array(answer.distance_m, mask=np.isnan(answer.distance_m)),
        "reason": pa.array(answer.reason, pa.string()),
    }
    if answer.cells is not None:
        columns = {**columns, "h3": pa.array(answer.cells, mask=answer.cells == 0)}
    fields = [pa.field(name, column.type) for name, column in columns.items()]
    schema = pa.schema(fields, metadata=None if answer.plan is None else {"plan": answer.plan})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as stream:
        stream.write_batch(pa.record_batch(list(columns.values()), schema=schema))
    out: bytes = sink.getvalue().to_pybytes()
    return out


def _named(names: NDArray[np.object_], rows: NDArray[Any]) -> Any:
    """The name at each row number; the last, at −1, is none."""
    return pa.array(names[rows], pa.string())


def _of_list(ids: list[Any]) -> Any:
    try:
        return pa.array(ids)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise Invalid(
            "The ids are of several kinds, which an Arrow column cannot hold; ask for JSON, or send texts.",
            kind="bad-columns",
        ) from error
