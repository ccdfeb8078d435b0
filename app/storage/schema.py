"""All tables, for migrations and for nothing else: the one place that may import every model."""

from app.storage.base import Base

metadata = Base.metadata
