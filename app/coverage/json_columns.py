"""A bulk question and its answer as JSON: an object of columns."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from app.assignments.decide import RULE_NAMES
from app.coverage.answer import STATUSES, Answer
from app.coverage.columns import NEEDED, NUMBERS, TEXTS, Floats, Question, one_length, question, whose
from app.errors import Invalid
from geo.cells import to_text

KIND = "application/json"


def parse(body: bytes) -> Question:
    """A question from a JSON body. Raises :class:`Invalid` for what is not columns of one length."""
    document = _json(body)
    plane, crs = whose(document.get("plane"), document.get("crs"), "body.")
    columns = {name: _column(document, name) for name in NEEDED}
    optional = [name for name in (*TEXTS, "radius_m") if document.get(name) is not None]
    columns |= {name: _column(document, name) for name in optional}
    n = one_length({name: len(values) for name, values in columns.items()})
    reason = np.full(n, None, dtype=object)
    numbers = {name: _numbers(columns[name], name, reason) for name in NUMBERS if name in columns}
    texts = {name: list(map(_text, columns[name])) for name in TEXTS if name in columns}
    return question(plane, crs, columns["id"], numbers, texts, reason)


def encode(answer: Answer) -> bytes:
    """The answer as an object of columns."""
    columns: dict[str, Any] = {
        "plan": answer.plan,
        "id": answer.ids if isinstance(answer.ids, list) else answer.ids.to_pylist(),
        "grid": answer.codes[answer.grid].tolist(),
        "status": STATUSES[answer.status].tolist(),
        "rule": RULE_NAMES[answer.rule].tolist(),
        "tie": answer.tie,
        "nearest_grid": answer.codes[answer.nearest].tolist(),
        "distance_m": answer.distance_m,
        "reason": answer.reason.tolist(),
    }
    if answer.cells is not None:
        columns["h3"] = [text or None for text in to_text(answer.cells).tolist()]
    return orjson.dumps(columns, option=orjson.OPT_SERIALIZE_NUMPY)


def _json(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        # Senders that write NaN for a missing number are understood; everything else is no JSON.
        try:
            document = json.loads(body)
            # Half a surrogate pair is no text, and what no answer can repeat is no id.
            json.dumps(document, ensure_ascii=False).encode()
            orjson.dumps(document.get("id") if isinstance(document, dict) else None)
        except (ValueError, TypeError, RecursionError) as error:
            raise Invalid(f"The body is not JSON: {error}.", kind="invalid-request") from error
    if not isinstance(document, dict):
        raise Invalid("The body is a JSON object of columns.", kind="invalid-request")
    return document


def _column(document: Mapping[str, Any], name: str) -> list[Any]:
    values = document.get(name)
    if not isinstance(values, list):
        raise Invalid(f"body.{name} is a list, one value a row.", kind="bad-columns")
    return values


def _numbers(values: list[Any], name: str, reason: NDArray[np.object_]) -> Floats:
    kinds = set(map(type, values))
    if kinds <= {float, int, type(None)}:
        try:
            return np.array(values, dtype=np.float64).reshape(len(values))
        except OverflowError:
            pass
    out = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
            out[row] = value
        elif value is not None:
            reason[row] = f"{name} is not a number: {str(value)[:40]!r}"
    return out


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)
