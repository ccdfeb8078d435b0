"""Write tables the same way each time."""

from pathlib import Path

import pandas as pd


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """UTF-8, LF, a header, empty for missing."""
    frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
