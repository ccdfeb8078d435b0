import csv
import datetime as dt
import io
from typing import Any

from app.tables import csv_response


def _read(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))


def test_chinese_opens_in_a_spreadsheet() -> None:
    answer = csv_response([{"网格": "梅江一", "customers": 3}])
    assert bytes(answer.body).startswith(b"\xef\xbb\xbf")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert _read(bytes(answer.body)) == [["网格", "customers"], ["梅江一", "3"]]


def test_columns_of_all_rows_and_empty_cells() -> None:
    rows: list[dict[str, Any]] = [{"a": 1}, {"b": None, "c": [1, 2]}, {"a": True, "c": dt.date(2026, 5, 3)}]
    assert _read(bytes(csv_response(rows).body)) == [
        ["a", "b", "c"],
        ["1", "", ""],
        ["", "", "[1,2]"],
        ["true", "", "2026-05-03"],
    ]
    assert _read(bytes(csv_response([], ["id", "why"]).body)) == [["id", "why"]]


def test_no_text_is_a_formula() -> None:
    rows = [{"name": "=HYPERLINK(1)", "address": 'a, "b"', "value": -3.5}]
    assert _read(bytes(csv_response(rows).body))[1] == ["'=HYPERLINK(1)", 'a, "b"', "-3.5"]
