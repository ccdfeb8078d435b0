"""All tables, for migrations and for nothing else: the one place that may import every model."""

import importlib

from app.storage.base import Base

CAPABILITIES = (
    "accounts",
    "assignments",
    "audit",
    "auth",
    "geocodes",
    "grids",
    "idempotency",
    "imports",
    "jobs",
    "orgs",
    "places",
    "planes",
    "plans",
    "policies",
)

for capability in CAPABILITIES:
    importlib.import_module(f"app.{capability}.models")

metadata = Base.metadata
