"""Fixtures for every suite. Nothing here starts unless a test asks for it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.storage import cluster


def pytest_configure(config: pytest.Config) -> None:
    # Tests say themselves which settings hold; those of the shell they are started from would leak in.
    for name in [name for name in os.environ if name.startswith("GRIDWRIGHT_")]:
        del os.environ[name]
    os.environ["GRIDWRIGHT_CACHE_MB"] = "0"  # indexes stay out of the checkout's data folder
    # pytest-alembic hangs a node of its own on tests/conftest.py, in a way that pytest 9.2 no longer allows.
    # Its fixtures are wanted, that node is not.
    config.option.pytest_alembic_tests_path = "none"


@pytest.fixture(scope="session")
def cluster_url() -> Iterator[str]:
    """A private PostGIS cluster of this test session's own, stopped and removed at its end."""
    folder = Path(tempfile.mkdtemp(prefix="gridwright-tests-"))
    folder.chmod(0o755)  # the server may run as another user, who must get in
    try:
        yield cluster.ensure(folder / "postgres", durable=False)
    finally:
        cluster.stop(folder / "postgres")
        shutil.rmtree(folder)
