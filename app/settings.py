"""Settings from GRIDWRIGHT_* variables; read when asked for, never at import."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator can set. Without ``database_url`` a private PostGIS cluster is started."""

    model_config = SettingsConfigDict(env_prefix="GRIDWRIGHT_", extra="ignore")

    database_url: str | None = Field(None, description="postgresql://…; none: the private cluster")
    data_dir: Path | None = Field(
        None, description="folder of the private cluster, the demo's pages and indexes"
    )
    host: str = "127.0.0.1"
    port: int = 8000
    pool_size: int = Field(10, ge=1)
    statement_timeout_s: float = Field(30.0, gt=0, description="longest statement of a request")
    confirm_s: float = Field(3.0, gt=0, description="after so long without the database's word: 503")
    locator_mb: int = Field(2048, ge=1, description="memory a process gives to indexes of grids")
    cache_mb: int = Field(
        4096, ge=0, description="disk given to indexes of grids, in the data folder; 0: none"
    )
    processes: int = Field(1, ge=1, description="API processes")
    workers: int = Field(1, ge=0, description="job workers started beside the API")
    max_upload_mb: int = Field(2048, ge=1)
    wait_s: float = Field(60.0, gt=0, description="how long ?wait=true waits for a job")
    log_format: str = Field("console", pattern="^(console|json)$")
