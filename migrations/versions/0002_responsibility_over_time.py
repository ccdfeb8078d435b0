"""Profiles of accounts, buildings, people, planes and policies get their days; regions and piles are new."""

from alembic import op
import sqlalchemy as sa
import geoalchemy2
from sqlalchemy.dialects import postgresql

from migrations import tenancy

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

TABLES = (
    "account_profiles",
    "building_versions",
    "person_versions",
    "piles",
    "plane_versions",
    "policies",
    "region_versions",
    "regions",
)

# What was known without days is taken to have held always; a customer is known since its first place.
BACKFILL = (
    """
    INSERT INTO account_profiles (org_id, account_pk, segment, tier, net_status, party_id, visits, prospects,
                                  opportunities, complaints, valid_from, recorded_at)
    SELECT a.org_id, a.account_pk, a.segment, a.tier, a.net_status, a.party_id, a.visits, a.prospects,
           a.opportunities, a.complaints, coalesce(min(p.valid_from), a.created_at::date), a.created_at
    FROM accounts a
    LEFT JOIN account_places p ON p.org_id = a.org_id AND p.account_pk = a.account_pk
         AND p.superseded_at IS NULL
    GROUP BY a.org_id, a.account_pk
    """,
    """
    INSERT INTO building_versions (org_id, building_pk, geometry, received, datum, h3, households, ports,
                                   ports_used, valid_from, recorded_at)
    SELECT org_id, building_pk, geometry, received, datum, h3, households, ports, ports_used,
           DATE '0001-01-01', updated_at
    FROM buildings
    """,
    """
    INSERT INTO person_versions (org_id, person_id, name, area_id, capacity, residence_lng, residence_lat,
                                 datum, residence, attributes, valid_from)
    SELECT org_id, person_id, name, area_id, capacity, residence_lng, residence_lat, datum, residence,
           attributes, DATE '0001-01-01'
    FROM people
    """,
    """
    INSERT INTO plane_versions (org_id, plane_id, name, rules, covers, valid_from, recorded_at)
    SELECT org_id, plane_id, name, rules, covers, DATE '0001-01-01', created_at FROM planes
    """,
    """
    INSERT INTO policies (org_id, kind, document, valid_from, valid_to)
    SELECT o.org_id, 'workload',
           -- Tiers that a document left out had the default's visits; now it names every tier there is.
           w.document - 'since' || CASE WHEN w.document ? 'visits' THEN jsonb_build_object(
               'visits', CAST('{"A": 4, "B": 2, "C": 1}' AS jsonb) || (w.document -> 'visits')) ELSE '{}' END,
           CAST(w.document ->> 'since' AS date),
           lead(CAST(w.document ->> 'since' AS date)) OVER (
               PARTITION BY o.org_id ORDER BY w.document ->> 'since')
    FROM organisations o, jsonb_array_elements(o.policy -> 'workload') w (document)
    """,
)

# What the columns without days can say of it: what is known now, and of it what holds last.
RESTORE = (
    """
    UPDATE organisations o SET policy = jsonb_build_object('workload', w.versions)
    FROM (
        SELECT org_id,
               jsonb_agg(document || jsonb_build_object('since', valid_from) ORDER BY valid_from) AS versions
        FROM policies WHERE kind = 'workload' AND superseded_at IS NULL GROUP BY org_id
    ) w
    WHERE w.org_id = o.org_id
    """,
)

RESTORE_BUILDINGS = """
    UPDATE buildings b
    SET geometry = v.geometry, received = v.received, datum = v.datum, h3 = v.h3, households = v.households,
        ports = v.ports, ports_used = v.ports_used
    FROM (
        SELECT DISTINCT ON (org_id, building_pk) * FROM building_versions
        WHERE superseded_at IS NULL ORDER BY org_id, building_pk, valid_from DESC
    ) v
    WHERE v.org_id = b.org_id AND v.building_pk = b.building_pk
"""

RESTORE_ACCOUNTS = """
    UPDATE accounts a
    SET segment = f.segment, tier = f.tier, net_status = f.net_status, party_id = f.party_id, visits = f.visits,
        prospects = f.prospects, opportunities = f.opportunities, complaints = f.complaints
    FROM (
        SELECT DISTINCT ON (org_id, account_pk) * FROM account_profiles
        WHERE superseded_at IS NULL ORDER BY org_id, account_pk, valid_from DESC
    ) f
    WHERE f.org_id = a.org_id AND f.account_pk = a.account_pk
"""

RESTORE_PLANES = """
    UPDATE planes p SET name = v.name, rules = v.rules, covers = v.covers
    FROM (
        SELECT DISTINCT ON (org_id, plane_id) * FROM plane_versions
        WHERE superseded_at IS NULL ORDER BY org_id, plane_id, valid_from DESC
    ) v
    WHERE v.org_id = p.org_id AND v.plane_id = p.plane_id
"""

RESTORE_PEOPLE = """
    UPDATE people p
    SET name = v.name, area_id = v.area_id, capacity = v.capacity, residence_lng = v.residence_lng,
        residence_lat = v.residence_lat, datum = v.datum, residence = v.residence, attributes = v.attributes
    FROM (
        SELECT DISTINCT ON (org_id, person_id) * FROM person_versions
        ORDER BY org_id, person_id, superseded_at IS NULL DESC, valid_from DESC
    ) v
    WHERE v.org_id = p.org_id AND v.person_id = p.person_id
"""

# A class that only repeats what the grid's area has, or says nothing, is the area's from now on.
AREA_CLASSES = """
    WITH RECURSIVE tree AS (
        SELECT org_id, area_id, parent_id, class FROM area_versions
        WHERE superseded_at IS NULL AND valid_from <= current_date
          AND (valid_to IS NULL OR current_date < valid_to)
    ), above AS (
        SELECT * FROM tree
        UNION
        SELECT a.org_id, a.area_id, t.parent_id, t.class
        FROM above a JOIN tree t ON t.org_id = a.org_id AND t.area_id = a.parent_id WHERE a.class = ''
    )
    SELECT org_id, area_id, class FROM above WHERE class <> ''
"""
INHERIT = (
    "UPDATE plan_grids SET class = NULL WHERE class = ''",
    f"""
    UPDATE plan_grids g SET class = NULL FROM ({AREA_CLASSES}) a
    WHERE a.org_id = g.org_id AND a.area_id = g.area_id AND a.class = g.class
    """,
)
DISINHERIT = (
    f"""
    UPDATE plan_grids g SET class = a.class FROM ({AREA_CLASSES}) a
    WHERE a.org_id = g.org_id AND a.area_id = g.area_id AND g.class IS NULL
    """,
    "UPDATE plan_grids SET class = '' WHERE class IS NULL",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.alter_column('plan_grids', 'class', nullable=True, server_default=None)
    with tenancy.seen_by_its_owner("plan_grids", "area_versions"):
        for statement in INHERIT:
            op.execute(statement)
    op.create_table('piles',
    sa.Column('org_id', sa.UUID(), nullable=False),
    sa.Column('pile_id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('lng', sa.Double(), nullable=False),
    sa.Column('lat', sa.Double(), nullable=False),
    sa.Column('customers', sa.Integer(), nullable=False),
    sa.Column('verdict', sa.Text(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("verdict IN ('coarse', 'genuine')", name=op.f('ck_piles_verdict')),
    sa.CheckConstraint('valid_from < valid_to', name=op.f('ck_piles_span')),
    sa.ForeignKeyConstraint(['org_id'], ['organisations.org_id'], name=op.f('fk_piles_org_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('org_id', 'pile_id', name=op.f('pk_piles'))
    )
    op.create_index('uq_piles_current', 'piles', ['org_id', 'lng', 'lat', 'valid_from'], unique=True, postgresql_where=sa.text('superseded_at IS NULL'))
    op.create_table('policies',
    sa.Column('org_id', sa.UUID(), nullable=False),
    sa.Column('policy_id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('document', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('valid_from < valid_to', name=op.f('ck_policies_span')),
    sa.ForeignKeyConstraint(['org_id'], ['organisations.org_id'], name=op.f('fk_policies_org_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('org_id', 'policy_id', name=op.f('pk_policies'))
    )
    op.create_index('uq_policies_current', 'policies', ['org_id', 'kind', 'valid_from'], unique=True, postgresql_where=sa.text('superseded_at IS NULL'))
    op.create_table('regions',
    sa.Column('org_id', sa.UUID(), nullable=False),
    sa.Column('region_pk', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('region_id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=True),
    sa.Column('kind', sa.Text(), nullable=True),
    sa.Column('attributes', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['organisations.org_id'], name=op.f('fk_regions_org_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('org_id', 'region_pk', name=op.f('pk_regions')),
    sa.UniqueConstraint('org_id', 'region_id', name=op.f('uq_regions_org_id_region_id'))
    )
    op.create_table('building_versions',
    sa.Column('org_id', sa.UUID(), nullable=False),
    sa.Column('version_id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('building_pk', sa.BigInteger(), nullable=False),
    sa.Column('geometry', geoalchemy2.types.Geometry(srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.Column('received', sa.LargeBinary(), nullable=False),
    sa.Column('datum', sa.Text(), nullable=False),
    sa.Column('h3', sa.BigInteger(), nullable=False),
    sa.Column('households', sa.Integer(), nullable=True),
    sa.Column('ports', sa.Integer(), nullable=True),
    sa.Column('ports_used', sa.Integer(), nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('valid_from < valid_to', name=op.f('ck_building_versions_span')),
    sa.ForeignKeyConstraint(['org_id', 'building_pk'], ['buildings.org_id', 'buildings.building_pk'], name=op.f('fk_building_versions_org_id_building_pk'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['org_id'], ['organisations.org_id'], name=op.f('fk_building_versions_org_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('org_id', 'version_id', name=op.f('pk_building_versions'))
    )
    op.create_index('ix_building_versions_geometry', 'building_versions', ['org_id', 'geometry'], unique=False, postgresql_using='gist')
    op.create_index('ix_building_versions_building', 'building_versions', ['org_id', 'building_pk'], unique=False)
    op.create_index('uq_building_versions_current', 'building_versions', ['org_id', 'building_pk', 'valid_from'], unique=True, postgresql_where=sa.text('superseded_at IS NULL'))
    op.create_table('plane_versions',
    sa.Column('org_id', sa.UUID(), nullable=False),
    sa.Column('version_id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('plane_id', sa.UUID(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('rules', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('covers', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('valid_from < valid_to', name=op.f('ck_plane_versions_span')),
    sa.ForeignKeyConstraint(['org_id', 'plane_id'], ['planes.org_id', 'planes.plane_id'], name=op.f('fk_plane_versions_org_id_plane_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['org_id'], ['organisations.org_id'], name=op.f('fk_plane_versions_org_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('org_id', 'version_id', name=op.f('pk_plane_versions'))
    )
    op.create_index('uq_plane_versions_current', 'plane_versions', ['org_id', 'plane_id', 'valid_from'], unique=True, postgresql_where=sa.text('superseded_at IS NULL'))
    op.create_table('region_versions',
    sa.Column('org_id', sa.UUID(), nullable=False),
    sa.Column('version_id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('region_pk', sa.BigInteger(), nullable=False),
    sa.Column('geometry', geoalchemy2.types.Geometry(srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.Column('received', sa.LargeBinary(), nullable=False),
    sa.Column('datum', sa.Text(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('valid_from < valid_to', name=op.f('ck_region_versions_span')),
    sa.ForeignKeyConstraint(['org_id', 'region_pk'], ['regions.org_id', 'regions.region_pk'], name=op.f('fk_region_versions_org_id_region_pk'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['org_id'], ['organisations.org_id'], name=op.f('fk_region_versions_org_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('org_id', 'version_id', name=op.f('pk_region_versions'))
    )
    op.create_index('ix_region_versions_region', 'region_versions', ['org_id', 'region_pk'], unique=False)
    op.create_index('uq_region_versions_current', 'region_versions', ['org_id', 'region_pk', 'valid_from'], unique=True, postgresql_where=sa.text('superseded_at IS NULL'))
    op.create_table('account_profiles',
    sa.Column('org_id', sa.UUID(), nullable=False),
    sa.Column('profile_id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('account_pk', sa.BigInteger(), nullable=False),
    sa.Column('segment', sa.Text(), nullable=True),
    sa.Column('tier', sa.Text(), nullable=True),
    sa.Column('net_status', sa.Text(), nullable=True),
    sa.Column('party_id', sa.Text(), nullable=True),
    sa.Column('visits', sa.Double(), nullable=True),
    sa.Column('prospects', sa.Double(), nullable=True),
    sa.Column('opportunities', sa.Double(), nullable=True),
    sa.Column('complaints', sa.Double(), nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("net_status IN ('on_net', 'off_net', 'prospect')", name=op.f('ck_account_profiles_net_status')),
    sa.CheckConstraint('valid_from < valid_to', name=op.f('ck_account_profiles_span')),
    sa.ForeignKeyConstraint(['org_id', 'account_pk'], ['accounts.org_id', 'accounts.account_pk'], name=op.f('fk_account_profiles_org_id_account_pk'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['org_id', 'party_id'], ['parties.org_id', 'parties.party_id'], name='party'),
    sa.ForeignKeyConstraint(['org_id'], ['organisations.org_id'], name=op.f('fk_account_profiles_org_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('org_id', 'profile_id', name=op.f('pk_account_profiles'))
    )
    op.create_index('ix_account_profiles_party', 'account_profiles', ['org_id', 'party_id'], unique=False, postgresql_where=sa.text('party_id IS NOT NULL'))
    op.create_index('uq_account_profiles_current', 'account_profiles', ['org_id', 'account_pk', 'valid_from'], unique=True, postgresql_where=sa.text('superseded_at IS NULL'))
    op.create_table('person_versions',
    sa.Column('org_id', sa.UUID(), nullable=False),
    sa.Column('version_id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('person_id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('area_id', sa.Uuid(), nullable=True),
    sa.Column('capacity', sa.Double(), nullable=True),
    sa.Column('residence_lng', sa.Double(), nullable=True),
    sa.Column('residence_lat', sa.Double(), nullable=True),
    sa.Column('datum', sa.Text(), nullable=True),
    sa.Column('residence', geoalchemy2.types.Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('attributes', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('superseded_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('valid_from < valid_to', name=op.f('ck_person_versions_span')),
    sa.ForeignKeyConstraint(['org_id', 'area_id'], ['areas.org_id', 'areas.area_id'], name='area'),
    sa.ForeignKeyConstraint(['org_id', 'person_id'], ['people.org_id', 'people.person_id'], name=op.f('fk_person_versions_org_id_person_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['org_id'], ['organisations.org_id'], name=op.f('fk_person_versions_org_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('org_id', 'version_id', name=op.f('pk_person_versions'))
    )
    op.create_index('uq_person_versions_current', 'person_versions', ['org_id', 'person_id', 'valid_from'], unique=True, postgresql_where=sa.text('superseded_at IS NULL'))
    op.add_column('account_places', sa.Column('region_pk', sa.BigInteger(), nullable=True))
    op.create_index('ix_account_places_region', 'account_places', ['org_id', 'region_pk'], unique=False, postgresql_where=sa.text('region_pk IS NOT NULL'))
    op.create_index('ix_account_places_h3', 'account_places', ['org_id', 'h3'], unique=False)
    op.create_index('ix_account_places_account', 'account_places', ['org_id', 'account_pk'], unique=False)
    op.create_index('ix_account_profiles_account', 'account_profiles', ['org_id', 'account_pk'], unique=False)
    op.create_index('ix_cluster_members_account', 'cluster_members', ['org_id', 'account_pk'], unique=False)
    op.create_index('ix_assignments_quarantined', 'assignments', ['org_id', 'plane_id', 'account_pk'], unique=False, postgresql_where=sa.text("status = 'quarantined'"))
    op.create_foreign_key('region', 'account_places', 'regions', ['org_id', 'region_pk'], ['org_id', 'region_pk'])
    op.add_column('accounts', sa.Column('confirmed_on', sa.Date(), nullable=True))
    op.add_column('buildings', sa.Column('confirmed_on', sa.Date(), nullable=True))
    op.drop_index(op.f('uq_cluster_owners_current'), table_name='cluster_owners', postgresql_where='(superseded_at IS NULL)')
    op.create_index('ix_cluster_owners_cluster', 'cluster_owners', ['org_id', 'cluster_pk'], unique=False)
    op.create_index('uq_cluster_owners_current', 'cluster_owners', ['org_id', 'plane_id', 'cluster_pk', 'grid_id', 'valid_from'], unique=True, postgresql_where=sa.text('superseded_at IS NULL'))
    op.add_column('clusters', sa.Column('confirmed_on', sa.Date(), nullable=True))
    op.add_column('clusters', sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False))
    op.add_column('grids', sa.Column('confirmed_on', sa.Date(), nullable=True))
    op.create_index('ix_responsibilities_person', 'responsibilities', ['org_id', 'person_id', 'valid_from'], unique=False, postgresql_where=sa.text('superseded_at IS NULL'))
    with tenancy.seen_by_its_owner("organisations", "accounts", "account_places", "buildings", "people", "planes"):
        for statement in BACKFILL:
            op.execute(statement)
    for table in TABLES:
        tenancy.protect(table)
    op.drop_column('organisations', 'policy')
    op.drop_index('ix_buildings_geometry', table_name='buildings', postgresql_using='gist')
    for column in ('geometry', 'received', 'datum', 'h3', 'households', 'ports', 'ports_used'):
        op.drop_column('buildings', column)
    op.drop_constraint('area', 'people', type_='foreignkey')
    for column in ('name', 'area_id', 'capacity', 'residence_lng', 'residence_lat', 'datum', 'residence', 'attributes'):
        op.drop_column('people', column)
    for column in ('name', 'rules', 'covers'):
        op.drop_column('planes', column)
    op.drop_index('ix_accounts_party', table_name='accounts', postgresql_where=sa.text('party_id IS NOT NULL'))
    op.drop_constraint('party', 'accounts', type_='foreignkey')
    op.drop_constraint(op.f('ck_accounts_net_status'), 'accounts', type_='check')
    for column in ('segment', 'tier', 'net_status', 'party_id', 'visits', 'prospects', 'opportunities', 'complaints'):
        op.drop_column('accounts', column)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    with tenancy.seen_by_its_owner("plan_grids", "area_versions"):
        for statement in DISINHERIT:
            op.execute(statement)
    op.alter_column('plan_grids', 'class', nullable=False, server_default=sa.text("''"))
    op.add_column('organisations', sa.Column('policy', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False))
    with tenancy.seen_by_its_owner("organisations", "policies"):
        for statement in RESTORE:
            op.execute(statement)
    empty = {
        'name': sa.Column('name', sa.Text(), server_default=sa.text("''"), nullable=False),
        'rules': sa.Column('rules', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    }
    for column in empty.values():
        op.add_column('planes', column)
    op.add_column('planes', sa.Column('covers', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False))
    with tenancy.seen_by_its_owner("planes", "plane_versions"):
        op.execute(RESTORE_PLANES)
    for name in empty:
        op.alter_column('planes', name, server_default=None)
    for column in ('segment', 'tier', 'net_status', 'party_id'):
        op.add_column('accounts', sa.Column(column, sa.Text(), nullable=True))
    for column in ('visits', 'prospects', 'opportunities', 'complaints'):
        op.add_column('accounts', sa.Column(column, sa.Double(), nullable=True))
    with tenancy.seen_by_its_owner("accounts", "account_profiles"):
        op.execute(RESTORE_ACCOUNTS)
    op.create_check_constraint(op.f('ck_accounts_net_status'), 'accounts', "net_status IN ('on_net', 'off_net', 'prospect')")
    op.create_foreign_key('party', 'accounts', 'parties', ['org_id', 'party_id'], ['org_id', 'party_id'])
    op.create_index('ix_accounts_party', 'accounts', ['org_id', 'party_id'], unique=False, postgresql_where=sa.text('party_id IS NOT NULL'))
    for column in ('households', 'ports', 'ports_used'):
        op.add_column('buildings', sa.Column(column, sa.Integer(), nullable=True))
    needed = {
        'geometry': geoalchemy2.types.Geometry(srid=4326, dimension=2, spatial_index=False),
        'received': sa.LargeBinary(),
        'datum': sa.Text(),
        'h3': sa.BigInteger(),
    }
    for column, kind in needed.items():
        op.add_column('buildings', sa.Column(column, kind, nullable=True))
    with tenancy.seen_by_its_owner("buildings", "building_versions"):
        op.execute(RESTORE_BUILDINGS)
    for column in needed:
        op.alter_column('buildings', column, nullable=False)
    op.create_index('ix_buildings_geometry', 'buildings', ['org_id', 'geometry'], unique=False, postgresql_using='gist')
    for column, kind in (('capacity', sa.Double()), ('residence_lng', sa.Double()), ('residence_lat', sa.Double()),
                         ('name', sa.Text()), ('area_id', sa.UUID()), ('datum', sa.Text()),
                         ('residence', geoalchemy2.types.Geometry('POINT', srid=4326, dimension=2, spatial_index=False))):
        op.add_column('people', sa.Column(column, kind, nullable=True))
    op.add_column('people', sa.Column('attributes', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False))
    op.create_foreign_key('area', 'people', 'areas', ['org_id', 'area_id'], ['org_id', 'area_id'])
    with tenancy.seen_by_its_owner("people", "person_versions"):
        op.execute(RESTORE_PEOPLE)
    op.alter_column('people', 'name', nullable=False)
    op.drop_index('ix_responsibilities_person', table_name='responsibilities', postgresql_where=sa.text('superseded_at IS NULL'))
    op.drop_column('grids', 'confirmed_on')
    op.drop_column('clusters', 'updated_at')
    op.drop_column('clusters', 'confirmed_on')
    op.drop_index('ix_cluster_owners_cluster', table_name='cluster_owners')
    op.drop_index('uq_cluster_owners_current', table_name='cluster_owners', postgresql_where=sa.text('superseded_at IS NULL'))
    op.create_index(op.f('uq_cluster_owners_current'), 'cluster_owners', ['org_id', 'plane_id', 'cluster_pk', 'valid_from'], unique=True, postgresql_where='(superseded_at IS NULL)')
    op.drop_column('buildings', 'confirmed_on')
    op.drop_column('accounts', 'confirmed_on')
    op.drop_constraint('region', 'account_places', type_='foreignkey')
    op.drop_index('ix_assignments_quarantined', table_name='assignments', postgresql_where=sa.text("status = 'quarantined'"))
    op.drop_index('ix_cluster_members_account', table_name='cluster_members')
    op.drop_index('ix_account_profiles_account', table_name='account_profiles')
    op.drop_index('ix_account_places_account', table_name='account_places')
    op.drop_index('ix_account_places_h3', table_name='account_places')
    op.drop_index('ix_account_places_region', table_name='account_places', postgresql_where=sa.text('region_pk IS NOT NULL'))
    op.drop_column('account_places', 'region_pk')
    op.drop_index('uq_person_versions_current', table_name='person_versions', postgresql_where=sa.text('superseded_at IS NULL'))
    op.drop_table('person_versions')
    op.drop_index('uq_account_profiles_current', table_name='account_profiles', postgresql_where=sa.text('superseded_at IS NULL'))
    op.drop_index('ix_account_profiles_party', table_name='account_profiles', postgresql_where=sa.text('party_id IS NOT NULL'))
    op.drop_table('account_profiles')
    op.drop_index('uq_region_versions_current', table_name='region_versions', postgresql_where=sa.text('superseded_at IS NULL'))
    op.drop_table('region_versions')
    op.drop_index('uq_plane_versions_current', table_name='plane_versions', postgresql_where=sa.text('superseded_at IS NULL'))
    op.drop_table('plane_versions')
    op.drop_index('uq_building_versions_current', table_name='building_versions', postgresql_where=sa.text('superseded_at IS NULL'))
    op.drop_index('ix_building_versions_geometry', table_name='building_versions', postgresql_using='gist')
    op.drop_table('building_versions')
    op.drop_table('regions')
    op.drop_index('uq_policies_current', table_name='policies', postgresql_where=sa.text('superseded_at IS NULL'))
    op.drop_table('policies')
    op.drop_index('uq_piles_current', table_name='piles', postgresql_where=sa.text('superseded_at IS NULL'))
    op.drop_table('piles')
