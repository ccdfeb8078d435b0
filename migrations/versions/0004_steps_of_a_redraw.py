"""What a job knows of its work, buildings that may not change hands, and the ground that a redraw moves."""

import geoalchemy2
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import tenancy

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("jobs", sa.Column("detail", postgresql.JSONB(), nullable=True))
    op.add_column("jobs", sa.Column("finish_requested", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("buildings", sa.Column("locked", sa.Boolean(), server_default="false", nullable=False))
    ground = geoalchemy2.types.Geometry(srid=4326, spatial_index=False, from_text="ST_GeomFromEWKT")
    op.create_table(
        "plan_steps",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("plan_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_id", sa.UUID(), nullable=False),
        sa.Column("to_id", sa.UUID(), nullable=False),
        sa.Column("geometry", ground, nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organisations.org_id"], name="fk_plan_steps_org_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "plan_id"],
            ["plans.org_id", "plans.plan_id"],
            name="fk_plan_steps_org_id_plan_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "plan_id", "number", name="pk_plan_steps"),
    )
    tenancy.protect("plan_steps")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("plan_steps")
    op.drop_column("buildings", "locked")
    op.drop_column("jobs", "finish_requested")
    op.drop_column("jobs", "detail")
