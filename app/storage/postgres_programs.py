"""The PostgreSQL programs of this machine, and running them as the user they must run as."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HOMES = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin")


_SERVERS_IN = """
for process in /proc/[0-9]*; do
    if [ "$process/cwd" -ef "$1" ]; then
        case $(readlink "$process/exe") in */postgres*) echo "${process#/proc/}" ;; esac
    fi
done
"""


class ClusterError(RuntimeError):
    """The private cluster can't do what was asked; the message says what to do, in one line."""


@dataclass(frozen=True)
class ServerUser:
    """Who runs the server: ourselves or, since PostgreSQL refuses root, another user."""

    uid: int
    gid: int
    switch: bool  # we are another user (root) and must become this one

    def own(self, folder: Path) -> None:
        """Make `folder`, for this user's eyes only."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.switch:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)

    def run(self, command: Sequence[str | Path], *, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, output captured, no input; the caller looks at its exit status."""
        # No PG* variable of the caller's may redirect the private cluster, and messages are read in English.
        env = {
            k: v for k, v in os.environ.items() if not k.startswith("PG") and k not in ("LANG", "LANGUAGE")
        }
        return subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            cwd="/",
            env=env | {"LC_ALL": "C"},
            umask=0o077,
            user=self.uid if self.switch else None,
            group=self.gid if self.switch else None,
            extra_groups=[] if self.switch else None,
        )

    def servers_in(self, data: Path) -> list[int]:
        """PostgreSQL processes that work in the data directory `data` (they all change into it)."""
        # Looked at as the server's user: root without CAP_SYS_PTRACE, as in most containers, may not.
        done = self.run(["/bin/sh", "-c", _SERVERS_IN, "sh", data])
        return [int(pid) for pid in done.stdout.split()]


def server_user(folder: Path) -> ServerUser:
    """Who runs the server of the cluster in `folder`: for root, its owner, else the user `postgres`."""
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid(), switch=False)
    if folder.exists() and folder.stat().st_uid != 0:
        return ServerUser(folder.stat().st_uid, folder.stat().st_gid, switch=True)
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        raise ClusterError(
            "PostgreSQL does not run as root and this machine has no user 'postgres': "
            "install PostgreSQL with PostGIS (./run setup does), or run as an ordinary user"
        ) from None
    return ServerUser(user.pw_uid, user.pw_gid, switch=True)


def programs(version: int | None = None, *, root: Path = Path("/")) -> Path:
    """The folder of initdb, pg_ctl and postgres: the newest PostgreSQL here that has PostGIS.

    With `version`, that major version only: a cluster opens only with the version that made it.
    """
    folders = [folder for pattern in HOMES for folder in root.glob(pattern)]
    on_path = shutil.which("initdb")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    found = {
        _major(folder): folder for folder in folders if (folder / "initdb").exists() and _has_postgis(folder)
    }
    if version is not None:
        if version not in found:
            have = ", ".join(str(v) for v in sorted(found)) or "none"
            raise ClusterError(
                f"this cluster needs PostgreSQL {version} with PostGIS, which is not here (found: {have}): "
                f"install postgresql-{version}-postgis-3, or restore a dump of it into a new folder"
            )
        return found[version]
    if not found:
        raise ClusterError(
            "no PostgreSQL with PostGIS on this machine: run ./run setup, which installs it, "
            "or set GRIDWRIGHT_DATABASE_URL to a PostGIS database"
        )
    return found[max(found)]


def _major(folder: Path) -> int:
    named = re.search(r"(?:postgresql/|pgsql-|postgresql@)(\d+)", str(folder))
    if named:
        return int(named.group(1))
    said = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=False
    ).stdout
    number = re.search(r"(\d+)", said)
    return int(number.group(1)) if number else 0


def _has_postgis(folder: Path) -> bool:
    share = Path("/usr/share/postgresql") / folder.parent.name
    if not share.is_dir() and (folder / "pg_config").exists():
        said = subprocess.run(
            [folder / "pg_config", "--sharedir"], capture_output=True, text=True, check=False
        )
        share = Path(said.stdout.strip())
    return (share / "extension" / "postgis.control").is_file()
