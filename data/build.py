"""Build the demo's files: ``python -m data.build SOURCE_FOLDER [TARGET_FOLDER]``.

SOURCE_FOLDER holds the extracts of OpenStreetMap that SOURCES.md describes; the files are written beside this
script unless another folder is given. The generator is seeded: the same extracts give the same files.
"""

import sys
from pathlib import Path

from data import meizhou_build, neubrandenburg_build


def main(arguments: list[str]) -> int:
    """Build both towns; 2 on bad usage."""
    if len(arguments) not in (1, 2) or not (Path(arguments[0]) / "meizhou_poi.parquet").is_file():
        print("usage: python -m data.build SOURCE_FOLDER [TARGET_FOLDER]; SOURCE_FOLDER holds "
              "meizhou_poi.parquet and neubrandenburg/", file=sys.stderr)  # fmt: skip
        return 2
    source = Path(arguments[0])
    target = Path(arguments[1]) if len(arguments) == 2 else Path(__file__).parent
    meizhou_build.build(source, target / "meizhou")
    neubrandenburg_build.build(source / "neubrandenburg", target / "neubrandenburg")
    for path in sorted(target.glob("*/*.*")):
        if path.suffix not in (".py", ".pyc"):
            print(f"{path.stat().st_size:>9,}  {path.relative_to(target)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
