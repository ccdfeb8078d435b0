"""Accounts that were there before: many rows put into the tables quickly, and later loads taken away."""

import io
import uuid
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv
import shapely
from psycopg import sql

from bench._ground import points
from geo.cells import cells

_PIECE = 250_000
_COLUMNS = {
    "accounts": "org_id, account_pk, account_id, name",
    "account_profiles": "org_id, account_pk, segment, tier, net_status, visits, valid_from",
    "account_places": "org_id, account_pk, received_lng, received_lat, datum, geometry, h3, valid_from",
    "assignments": "org_id, plane_id, account_pk, valid_from, status, grid_id, rule",
}


def put(connection: psycopg.Connection[Any], org_id: uuid.UUID, rows: int) -> None:
    """So many accounts with profile, place and assignment. Indexes are made anew behind them."""
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET maintenance_work_mem = '512MB'")
    dropped = connection.execute(
        """
        SELECT i.indexname, i.indexdef FROM pg_indexes i
        WHERE i.tablename = ANY(%s) AND NOT EXISTS (
            SELECT FROM pg_constraint c WHERE c.conname = i.indexname)
        """,
        [list(_COLUMNS)],
    ).fetchall()
    for name, _ in dropped:
        connection.execute(f"DROP INDEX {name}".encode())
    plane = connection.execute("SELECT plane_id FROM planes WHERE org_id = %s", [org_id]).fetchone()
    grids = connection.execute("SELECT grid_id FROM grids WHERE org_id = %s", [org_id]).fetchall()
    if plane is None:
        raise RuntimeError("there is no plane to assign in")
    of_grid = np.array([str(grid) for (grid,) in grids], dtype=object)
    for start in range(0, rows, _PIECE):
        _piece(connection, str(org_id), str(plane[0]), of_grid, start, min(_PIECE, rows - start))
    for _, definition in dropped:
        connection.execute(definition.encode())
    connection.execute(
        "SELECT setval(pg_get_serial_sequence('accounts', 'account_pk'), max(account_pk)) FROM accounts"
    )
    connection.execute("CREATE TABLE IF NOT EXISTS bench_earlier AS SELECT 0::bigint AS last")
    connection.execute("UPDATE bench_earlier SET last = (SELECT max(account_pk) FROM accounts)")
    connection.execute("VACUUM ANALYZE accounts, account_profiles, account_places, assignments")
    connection.execute("SET session_replication_role = origin")


def take_away(connection: psycopg.Connection[Any]) -> None:
    """All accounts that came after those."""
    connection.execute("SET session_replication_role = replica")
    for name in reversed(_COLUMNS):
        later = sql.SQL("DELETE FROM {} WHERE account_pk > (SELECT last FROM bench_earlier)")
        connection.execute(later.format(sql.Identifier(name)))
    connection.execute("VACUUM accounts, account_profiles, account_places, assignments")
    connection.execute("SET session_replication_role = origin")


def _piece(
    connection: psycopg.Connection[Any], org: str, plane: str, of_grid: Any, start: int, rows: int
) -> None:
    lng, lat = (np.round(one, 9) for one in points(rows, seed=100 + start))
    key, day = pa.array(np.arange(start + 1, start + rows + 1)), "2026-01-01"
    point = shapely.to_wkb(shapely.set_srid(shapely.points(lng, lat), 4326), include_srid=True, hex=True)

    def same(value: str) -> Any:
        return pa.array([value] * rows)

    columns = {
        "accounts": [same(org), key, [f"E{i:09}" for i in range(start, start + rows)], same("客户")],
        "account_profiles": [
            same(org),
            key,
            same("商客"),
            same("B"),
            same("on_net"),
            np.ones(rows),
            same(day),
        ],
        "account_places": [
            *(same(org), key, lng, lat, same("wgs84"), point, cells(lng, lat).astype(np.int64), same(day))
        ],
        "assignments": [
            *(same(org), same(plane), key, same(day), same("assigned")),
            *(of_grid[np.random.default_rng(start).integers(0, len(of_grid), rows)], same("point")),
        ],
    }
    for name, names in _COLUMNS.items():
        table = pa.table([pa.array(one) for one in columns[name]], names.split(", "))
        text = io.BytesIO()
        pyarrow.csv.write_csv(table, text, pyarrow.csv.WriteOptions(include_header=False))
        with connection.cursor().copy(f"COPY {name} ({names}) FROM STDIN (FORMAT CSV)".encode()) as copy:
            copy.write(text.getvalue())
