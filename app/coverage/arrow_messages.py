"""What a message of an Arrow IPC stream says of its batch before anything is unpacked.

The format's metadata are FlatBuffers (Arrow's format/Message.fbs): a table begins with the distance back to
a list of where its fields are. PyArrow does not tell whether buffers are compressed, and unpacks them.
"""

import struct
from dataclasses import dataclass

END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""The end-of-stream marker."""

_DICTIONARY, _RECORDS = 2, 3  # of the union MessageHeader
_HEADER_TYPE, _HEADER = 1, 2  # fields of Message
_DATA = 1  # of DictionaryBatch
_LENGTH, _COMPRESSION = 0, 3  # of RecordBatch
_OLD_COMPRESSION = b"ARROW:experimental_compression"


@dataclass(frozen=True)
class Batch:
    """``rows`` is 0 for a dictionary."""

    rows: int
    compressed: bool


def batch(metadata: bytes) -> Batch:
    """What the metadata of a record batch or a dictionary say; raises ValueError for noise."""
    try:
        message = _target(metadata, 0)
        kind = metadata[_field(metadata, message, _HEADER_TYPE)]
        table = _target(metadata, _field(metadata, message, _HEADER))
        if kind == _DICTIONARY:
            table = _target(metadata, _field(metadata, table, _DATA))
        length = _field(metadata, table, _LENGTH)
        rows = struct.unpack_from("<q", metadata, length)[0] if length and kind == _RECORDS else 0
        if rows < 0:
            raise ValueError(f"a batch of {rows} rows")
        return Batch(int(rows), _OLD_COMPRESSION in metadata or bool(_field(metadata, table, _COMPRESSION)))
    except (struct.error, IndexError) as error:
        raise ValueError("a message's metadata cannot be read") from error


def _target(data: bytes, at: int) -> int:
    """Where the table begins that is pointed to from here."""
    return int(at + struct.unpack_from("<I", data, at)[0])


def _field(data: bytes, table: int, number: int) -> int:
    """Where a table's field is, 0 where it has its default."""
    fields = table - struct.unpack_from("<i", data, table)[0]
    size = struct.unpack_from("<H", data, fields)[0]
    slot = 4 + 2 * number
    offset = struct.unpack_from("<H", data, fields + slot)[0] if slot < size else 0
    return int(table + offset) if offset else 0
