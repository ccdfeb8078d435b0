"""The reference documents in docs/ are what the code prints."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app import cli

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(("command", "file"), [("openapi", "openapi.json"), ("columns", "columns.md")])
def test_reference_document_is_current(command: str, file: str) -> None:
    cli.register_all()
    printed = CliRunner().invoke(cli.app, [command])
    assert printed.exit_code == 0, printed.output
    said = f"run: ./run exec gridwright {command} > docs/{file}"
    assert printed.stdout == (DOCS / file).read_text(), said
