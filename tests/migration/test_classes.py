"""A class that only repeated the area's becomes the area's own again, and comes back with the old schema."""

from __future__ import annotations

from alembic import command
from sqlalchemy import Engine, text

from app.storage import migrate

# H is of class A and has T below it, B stands alone without a class.
ROWS = """
    WITH org AS (INSERT INTO organisations (name) VALUES ('o') RETURNING org_id),
    plane AS (
        INSERT INTO planes (org_id, code, name, kind, rules, covers)
        SELECT org_id, 'p', 'p', 'place', '{point}', '{}' FROM org RETURNING org_id, plane_id),
    plan AS (INSERT INTO plans (org_id, plane_id, name) SELECT org_id, plane_id, 'x' FROM plane
             RETURNING org_id, plane_id, plan_id),
    area AS (INSERT INTO areas (org_id, code) SELECT org_id, c FROM org, unnest(ARRAY['H', 'T', 'B']) c
             RETURNING org_id, area_id, code),
    version AS (
        INSERT INTO area_versions (org_id, area_id, name, parent_id, class, valid_from)
        SELECT a.org_id, a.area_id, a.code, p.area_id, CASE a.code WHEN 'H' THEN 'A' ELSE '' END, '2020-01-01'
        FROM area a LEFT JOIN area p ON a.code = 'T' AND p.code = 'H'),
    said (code, area, class) AS (
        VALUES ('repeats', 'T', 'A'), ('differs', 'T', 'B'), ('nothing', 'T', ''), ('own', 'B', 'A'),
               ('none', 'B', ''), ('alone', NULL, 'B')),
    grid AS (INSERT INTO grids (org_id, plane_id, grid_id)
             SELECT org_id, plane_id, md5(s.code)::uuid FROM plan, said s)
    INSERT INTO plan_grids (org_id, plan_id, grid_id, code, class, area_id)
    SELECT p.org_id, p.plan_id, md5(s.code)::uuid, s.code, s.class, a.area_id
    FROM plan p CROSS JOIN said s LEFT JOIN area a ON a.code = s.area
"""
CLASSES = text("SELECT code, class FROM plan_grids ORDER BY code")


def _classes(engine: Engine) -> dict[str, str | None]:
    with engine.connect() as connection:
        return {row.code: row[1] for row in connection.execute(CLASSES)}


def test_grids_inherit_what_only_repeated_their_area(engine: Engine, empty_url: str) -> None:
    config = migrate.config(empty_url)
    command.upgrade(config, "0001")
    with engine.begin() as connection:
        connection.execute(text(ROWS))
    before = _classes(engine)
    command.upgrade(config, "0002")
    inherited = {"repeats", "nothing", "none"}
    assert _classes(engine) == {code: None if code in inherited else one for code, one in before.items()}
    command.downgrade(config, "0001")
    # What said nothing has its area's class now, as it would have been loaded.
    assert _classes(engine) == before | {"nothing": "A"}
