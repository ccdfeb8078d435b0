"""A fault of ours is one line too, unless the traceback is asked for."""

from __future__ import annotations

import pytest

from app import cli


def _broken(**_: object) -> None:
    raise RuntimeError("a bug\nwith details")


def test_a_bug_is_one_line_and_exit_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "app", _broken)
    monkeypatch.setattr(cli, "register_all", lambda: None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "a bug" in said
    monkeypatch.setenv("GRIDWRIGHT_DEBUG", "1")
    with pytest.raises(RuntimeError):
        cli.main()


def test_bad_usage_is_one_line_and_exit_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["gridwright", "check", "grids.gpkg", "--nonsense"])
    monkeypatch.setattr(cli, "app", cli.typer.Typer())
    cli.app.callback()(cli.root)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "--nonsense" in said
