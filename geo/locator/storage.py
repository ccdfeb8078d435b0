"""A locator in one file: a line of JSON that says where each array lies, then the arrays, to be
memory-mapped.
"""

import itertools
import json
import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from geo.errors import InputError

_MAGIC = b"GRIDWRIGHT-LOCATOR-2\n"
_ALIGN = 64


def save(path: Path, codes: npt.NDArray[np.object_], arrays: dict[str, npt.NDArray[Any]]) -> None:
    text = [str(c).encode("utf-8", "surrogatepass") for c in codes]
    arrays = {
        **arrays,
        "codes": np.frombuffer(b"".join(text), np.uint8),
        "codes_at": np.concatenate([[0], np.cumsum([len(t) for t in text])]).astype(np.int64),
    }
    table: dict[str, dict[str, Any]] = {}
    at = 0
    for name, array in arrays.items():
        table[name] = {"at": at, "shape": array.shape, "type": array.dtype.str}
        at += -(-array.nbytes // _ALIGN) * _ALIGN
    head = _MAGIC + json.dumps({"arrays": table, "size": at}).encode() + b"\n"
    head += b" " * (-len(head) % _ALIGN)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            file.write(len(head).to_bytes(8, "little") + b"\0" * (_ALIGN - 8))
            file.write(head)
            for array in arrays.values():
                file.write(np.ascontiguousarray(array).data)
                file.write(b"\0" * (-array.nbytes % _ALIGN))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def load(path: Path) -> tuple[npt.NDArray[np.object_], dict[str, npt.NDArray[Any]]]:
    """Codes and arrays, which come from the disk when they are looked at (copy on write: the file stays
    as it is).
    """
    fault = InputError(
        "this is not a whole locator of this version: build it again", kind="unreadable-file", file=str(path)
    )
    try:
        with path.open("rb") as file:
            raw = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except FileNotFoundError:
        raise InputError("no such file", kind="no-file", file=str(path)) from None
    except (OSError, ValueError) as error:
        raise fault from error
    size = int.from_bytes(raw[:8], "little")
    if size > len(raw) - _ALIGN or raw[_ALIGN : _ALIGN + len(_MAGIC)] != _MAGIC:
        raise fault
    try:
        head = json.loads(raw[_ALIGN + len(_MAGIC) : _ALIGN + size])
    except ValueError as error:
        raise fault from error
    start = _ALIGN + size
    if len(raw) < start + head["size"]:
        raise fault
    arrays = {}
    for name, it in head["arrays"].items():
        kind, count = np.dtype(it["type"]), int(np.prod(it["shape"]))
        arrays[name] = np.frombuffer(raw, kind, count, start + it["at"]).reshape(it["shape"])
    text, at = arrays.pop("codes").tobytes(), arrays.pop("codes_at")
    ends = at.tolist()
    codes = [text[a:b].decode("utf-8", "surrogatepass") for a, b in itertools.pairwise(ends)]
    return np.array(codes, dtype=object), arrays
