"""Where Gridwright keeps its data on this machine when nothing else is said."""

from __future__ import annotations

import hashlib
import os
import pwd
import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def data_folder() -> Path:
    """The data folder: GRIDWRIGHT_DATA_DIR, else one chosen for this checkout and user. Not created here.

    A checkout keeps its data beside itself in var/. Two things can stand in the way: the folder is not
    ours to write in, or we are root and the user `postgres`, who then runs the server, may not enter it
    (a checkout under /root). Then it is a folder named after the checkout's path.
    """
    given = os.environ.get("GRIDWRIGHT_DATA_DIR")
    if given:
        return Path(given).expanduser().absolute()
    in_checkout = (PROJECT / "pyproject.toml").is_file()
    name = (
        f"gridwright-{hashlib.sha256(str(PROJECT).encode()).hexdigest()[:8]}" if in_checkout else "gridwright"
    )
    beside = PROJECT / "var"
    if os.geteuid() == 0:
        return beside if in_checkout and _postgres_may_enter(PROJECT) else Path("/var/lib") / name
    if in_checkout and (os.access(beside, os.W_OK) or (not beside.exists() and os.access(PROJECT, os.W_OK))):
        return beside
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / name


def _postgres_may_enter(folder: Path) -> bool:
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        return False
    # Asked as that user rather than worked out from mode bits: access lists and mounts count too.
    asked = subprocess.run(
        ["/usr/bin/test", "-x", str(folder)],
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    return asked.returncode == 0
