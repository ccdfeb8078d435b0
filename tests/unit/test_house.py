"""The rules of the house that no linter knows by itself."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
CAPABILITIES = [folder for folder in sorted((ROOT / "app").iterdir()) if (folder / "__init__.py").exists()]
APART = {"cli", "demo", "filemode", "storage"}
"""Folders of app/ that are no capability with tables of its own."""

SAYS_SQL = {"select", "insert", "update", "delete", "text"}


def _keeps_tables(path: Path) -> bool:
    return path.stem == "models" or path.stem.endswith("repository")


def test_every_repository_and_model_is_protected_by_a_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    protected = {module for contract in contracts for module in contract.get("protected_modules", [])}
    there = {
        f"app.{folder.name}.{path.stem}"
        for folder in CAPABILITIES
        if folder.name not in APART
        for path in folder.glob("*.py")
        if _keeps_tables(path)
    }
    assert there == protected


def test_queries_live_in_repositories() -> None:
    strays = []
    for folder in CAPABILITIES:
        if folder.name in APART:
            continue
        for path in folder.glob("*.py"):
            if _keeps_tables(path):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
                    said = SAYS_SQL & {name.name for name in node.names}
                    strays += [f"{path.relative_to(ROOT)}: {name}" for name in said]
    assert strays == []


def test_nothing_reads_settings_at_import() -> None:
    for path in (ROOT / "app").rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            made = [
                n for n in ast.walk(node) if isinstance(n, ast.Call) and ast.unparse(n.func) == "Settings"
            ]
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            assert inside or not made, f"{path.relative_to(ROOT)} reads settings at import"
