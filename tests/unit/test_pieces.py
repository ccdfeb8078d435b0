"""A Parquet file in pieces is the file: every row once, with the number it has in its file."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from geo.errors import InputError
from geo.files import pieces


@pytest.mark.parametrize(("rows", "group", "size"), [(100, 30, 10), (100, 100, 7), (5, 1, 3), (64, 64, 1)])
def test_pieces_are_the_rows_of_the_file_in_order(tmp_path, rows, group, size):
    path = tmp_path / "p.parquet"
    pq.write_table(pa.table({"n": range(rows), "other": ["x"] * rows}), path, row_group_size=group)
    cut = pieces.cut(path, None, size)
    read = [[n for batch in pieces.read(p, 4, ["n"]) for n in batch.column("n").to_pylist()] for p in cut]
    assert [n for one in read for n in one] == list(range(rows))
    assert [one[0] for one in read] == [p.first for p in cut]
    assert [len(one) for one in read] == [p.rows for p in cut]


def test_a_large_row_group_is_cut_a_few_times_only(tmp_path):
    path = tmp_path / "p.parquet"
    pq.write_table(pa.table({"n": range(10_000)}), path)
    assert len(pieces.cut(path, None, 10)) == 16


def test_a_file_without_rows_has_no_pieces_and_noise_is_named(tmp_path):
    pq.write_table(pa.table({"n": pa.array([], pa.int64())}), tmp_path / "p.parquet")
    assert pieces.cut(tmp_path / "p.parquet", None, 10) == []
    (tmp_path / "q.parquet").write_bytes(b"PAR1 noise")
    with pytest.raises(InputError, match="Parquet"):
        pieces.cut(tmp_path / "q.parquet", None, 10)
