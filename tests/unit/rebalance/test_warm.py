"""What is compiled is compiled before anybody asks."""

import subprocess
import sys

ASKED = "borders.shorten borders.part_anew ways.nearest_homes"
"""Compiled functions that only some redraws need."""
CODE = """
import importlib, sys
from geo.warm import warm
warm()
for name in sys.argv[1:]:
    module, function = name.split(".")
    if not getattr(importlib.import_module("geo.rebalance." + module), function).signatures:
        print(name)
"""


def test_what_only_some_redraws_need_is_compiled_too() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, *ASKED.split()], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
