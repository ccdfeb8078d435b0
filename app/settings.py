"""Settings from GRIDWRIGHT_* variables; read when asked for, never at import."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator can set. Without ``database_url`` a private PostGIS cluster is started."""

    model_config = SettingsConfigDict(env_prefix="GRIDWRIGHT_", extra="ignore")

    database_url: str | None = Field(None, description="postgresql://…; none: the private cluster")
    data_dir: Path | None = Field(None, description="folder of the private cluster and of the demo's pages")
    host: str = "127.0.0.1"
    port: int = 8000
    pool_size: int = Field(10, ge=1)
    statement_timeout_s: float = Field(30.0, gt=0, description="longest statement of a request")
    workers: int = Field(1, ge=0, description="job workers started beside the API")
    max_upload_mb: int = Field(2048, ge=1)
    wait_s: float = Field(60.0, gt=0, description="how long ?wait=true waits for a job")
    log_format: str = Field("console", pattern="^(console|json)$")
