"""The private PostGIS cluster: made, started and mended on demand, reached over a Unix socket only.

A cluster folder holds
    cluster/     the PostgreSQL data directory, there only once it is whole
    socket/      the server's socket (elsewhere when the path would be too long for one)
    lock         held by whoever makes, starts or stops the cluster
    server.log
The folder belongs to the user who runs the server and is closed to everybody else; that is the access
control, so inside it no password is asked.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg

from app.storage.postgres_programs import ClusterError, ServerUser, programs, server_user

__all__ = ["DATABASE", "ClusterError", "ensure", "status", "stop", "url"]

DATABASE = "gridwright"
SUPERUSER = "postgres"
EXTENSIONS = ("postgis", "btree_gist")
SOCKET_PATH_LIMIT = 107  # bytes in sockaddr_un.sun_path, less the closing zero
START_TIMEOUT = 180  # seconds: recovery after a crash replays up to max_wal_size
LOG_KEPT = 16 << 20

Say = Callable[[str], None]


def _silent(_: str) -> None:
    pass


def url(folder: Path) -> str:
    """The database's URL, for psycopg and SQLAlchemy alike; the server need not be running."""
    return _url(_absolute(folder), DATABASE)


def ensure(folder: Path, *, say: Say = _silent, durable: bool = True) -> str:
    """Make and start the cluster in `folder` as far as needed, and give the URL of its database.

    Safe to call again, by several processes at once, and after the server or an earlier call was killed.
    `say` is told of the steps that take seconds. `durable=False`, for tests, lets a power cut (not a
    killed process) lose data. Raises ClusterError.
    """
    folder = _absolute(folder)
    user = server_user(folder)
    _make_folder(folder, user)
    with _locked(folder, user, say):
        data = folder / "cluster"
        if not (data / "PG_VERSION").is_file():
            say("making a private PostGIS cluster")
            _initialise(folder, user)
        if _postmaster(data, user) is None:
            say("starting the private PostGIS cluster")
            _start(folder, user, durable)
        _make_database(folder)
    return _url(folder, DATABASE)


def status(folder: Path) -> str:
    """`absent`, `stopped` or `running`."""
    folder = _absolute(folder)
    try:
        if not (folder / "cluster" / "PG_VERSION").is_file():
            return "absent"
    except PermissionError:
        raise _not_ours(folder) from None
    return "stopped" if _postmaster(folder / "cluster", server_user(folder)) is None else "running"


def stop(folder: Path, *, unless_used: bool = False) -> bool:
    """Stop the server; True if it ran and is stopped now. Open transactions are rolled back.

    `unless_used` leaves it running while anyone is connected to it.
    """
    folder = _absolute(folder)
    if status(folder) != "running":
        return False
    user = server_user(folder)
    with _locked(folder, user, _silent):
        data = folder / "cluster"
        if _postmaster(data, user) is None or (unless_used and _used(folder)):
            return False
        done = user.run([_bin(data) / "pg_ctl", "stop", "-D", data, "-m", "fast", "-w", "-t", "120"])
        if done.returncode != 0:
            raise ClusterError(
                f"the cluster in {folder} did not stop: {_last_line(done.stderr or done.stdout)}"
            )
    return True


def _absolute(folder: Path) -> Path:
    return folder.expanduser().resolve()


def _not_ours(folder: Path) -> ClusterError:
    return ClusterError(
        f"{folder} belongs to another user, who runs the cluster in it: "
        "work as that user, or set GRIDWRIGHT_DATA_DIR to a folder of your own"
    )


def _make_folder(folder: Path, user: ServerUser) -> None:
    try:
        missing = [parent for parent in folder.parents if not parent.exists()]
        folder.parent.mkdir(parents=True, exist_ok=True)
        for parent in missing if user.switch else ():
            parent.chmod(0o755)  # whatever our umask is, the server's user must get through
        user.own(folder)
    except PermissionError:
        if folder.exists() and folder.stat().st_uid != os.geteuid():
            raise _not_ours(folder) from None
        raise ClusterError(
            f"can't make {folder}: set GRIDWRIGHT_DATA_DIR to a folder that you may write in"
        ) from None
    except (FileExistsError, NotADirectoryError):
        raise ClusterError(
            f"{folder} is not a folder: move it away, or set GRIDWRIGHT_DATA_DIR to another"
        ) from None
    if user.switch and user.run(["/usr/bin/test", "-x", folder]).returncode != 0:
        raise ClusterError(
            f"{pwd.getpwuid(user.uid).pw_name}, who runs the server, can't enter {folder}: "
            "open its parent folders (chmod o+x), or set GRIDWRIGHT_DATA_DIR to a folder that it can reach"
        )


@contextlib.contextmanager
def _locked(folder: Path, user: ServerUser, say: Say) -> Iterator[None]:
    with (folder / "lock").open("a") as lock:
        if user.switch:
            os.fchown(lock.fileno(), user.uid, user.gid)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is starting the private PostGIS cluster: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _initialise(folder: Path, user: ServerUser) -> None:
    """initdb beside the place, then rename: a data directory in place is a whole one."""
    data, half = folder / "cluster", folder / "cluster.new"
    for remains in (half, data):
        if remains.exists():
            shutil.rmtree(remains)
    made = user.run(
        [
            programs() / "initdb",
            *("-D", half, "-U", SUPERUSER, "--encoding=UTF8", "--locale=C.UTF-8"),
            *("--auth-local=trust", "--auth-host=reject", "--data-checksums"),
        ]
    )
    if made.returncode != 0:
        shutil.rmtree(half, ignore_errors=True)
        raise ClusterError(f"could not make a cluster in {folder}: {_last_line(made.stderr or made.stdout)}")
    with (half / "postgresql.conf").open("a") as conf:
        conf.write("\ninclude_if_exists = 'gridwright.conf'\n")
    half.rename(data)


def _settings(socket: Path, durable: bool) -> str:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    megabytes = min(max(memory // 8, 128), 4096) if durable else 128
    lines = {
        "listen_addresses": "''",
        "unix_socket_directories": _quoted(str(socket)),
        "max_connections": "200",
        "shared_buffers": f"{megabytes}MB",
        "effective_cache_size": f"{max(memory // 2, 256)}MB",
        "work_mem": f"{min(max(memory // 400, 8), 64)}MB",
        "maintenance_work_mem": f"{min(max(memory // 32, 64), 1024)}MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "on",
        "random_page_cost": "1.1",
        "jit": "off",  # compiling costs more than these short queries do
        "log_checkpoints": "off",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
    }
    if not durable:
        lines |= {"fsync": "off", "full_page_writes": "off"}
    return (
        "# Written by Gridwright at each start; put settings of your own into postgresql.auto.conf.\n"
        + "".join(f"{name} = {value}\n" for name, value in lines.items())
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _start(folder: Path, user: ServerUser, durable: bool) -> None:
    data, log, socket = folder / "cluster", folder / "server.log", _socket_folder(folder)
    _make_socket_folder(socket, user)
    _clear_remains(data, socket, user)
    conf = data / "gridwright.conf"
    conf.write_text(_settings(socket, durable), encoding="utf-8")
    if log.exists() and log.stat().st_size > LOG_KEPT:
        log.replace(log.with_suffix(".log.1"))
    log.touch()
    for path in (conf, log):
        if user.switch:
            os.chown(path, user.uid, user.gid)
        path.chmod(0o600)
    before = log.stat().st_size
    done = user.run(
        [_bin(data) / "pg_ctl", "start", "-D", data, "-l", log, "-w", "-t", str(START_TIMEOUT), "-s"],
        timeout=START_TIMEOUT + 30,
    )
    if done.returncode != 0:
        with log.open(encoding="utf-8", errors="replace") as written:
            written.seek(before)
            said = [line for line in written if "FATAL" in line or "PANIC" in line or "could not" in line]
        reason = re.sub(r"^.*?(FATAL|PANIC): +", "", _last_line("".join(said) or done.stderr or done.stdout))
        raise ClusterError(f"the cluster in {folder} did not start: {reason} (more in {log})")


def _make_socket_folder(socket: Path, user: ServerUser) -> None:
    try:
        user.own(socket)
        taken = socket.is_symlink() or socket.stat().st_uid != user.uid
    except (PermissionError, FileExistsError):
        taken = True
    if taken:
        raise ClusterError(
            f"{socket}, where the server's socket goes, is another user's: remove it, then try again"
        )


def _socket_folder(folder: Path) -> Path:
    inside = folder / "socket"
    if len(os.fsencode(inside / ".s.PGSQL.5432")) <= SOCKET_PATH_LIMIT:
        return inside
    return Path("/tmp") / f"gridwright-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"


def _bin(data: Path) -> Path:
    return programs(int((data / "PG_VERSION").read_text().strip()))


def _postmaster(data: Path, user: ServerUser) -> int | None:
    """The running server's process, or None.

    The pid file alone is no proof: after a crash its number may be another program's.
    """
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if pid in user.servers_in(data) else None


def _clear_remains(data: Path, socket: Path, user: ServerUser) -> None:
    """After kill -9 of the server: end backends that outlived it, and drop its pid files.

    PostgreSQL itself refuses to start while either of them seems alive, and a number reused by another
    program of the same user seems so for ever.
    """
    started = time.monotonic()
    while orphans := user.servers_in(data):
        # They leave by themselves once they notice; SIGQUIT is PostgreSQL's own "leave at once".
        waited = time.monotonic() - started
        if waited > 20:
            raise ClusterError(
                f"processes of an earlier server do not end: {orphans}; end them, then try again"
            )
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if waited > 10 else signal.SIGQUIT)
        time.sleep(0.1)
    for stale in (data / "postmaster.pid", socket / ".s.PGSQL.5432.lock", socket / ".s.PGSQL.5432"):
        stale.unlink(missing_ok=True)


def _url(folder: Path, database: str) -> str:
    return (
        f"postgresql://{SUPERUSER}@/{database}?host={quote(str(_socket_folder(folder)), safe='/')}&port=5432"
    )


def _make_database(folder: Path) -> None:
    try:
        with psycopg.connect(_url(folder, "postgres"), autocommit=True, connect_timeout=60) as server:
            if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                server.execute(f"CREATE DATABASE {DATABASE}".encode())
        with psycopg.connect(_url(folder, DATABASE), autocommit=True, connect_timeout=60) as database:
            have = {row[0] for row in database.execute("SELECT extname FROM pg_extension")}
            for extension in EXTENSIONS:
                if extension not in have:
                    database.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}".encode())
    except psycopg.Error as error:
        raise ClusterError(
            f"the cluster in {folder} runs but its database can't be opened: {_last_line(str(error))} "
            f"(more in {folder / 'server.log'})"
        ) from error


def _used(folder: Path) -> bool:
    query = """SELECT count(*) FROM pg_stat_activity
               WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"""
    with psycopg.connect(_url(folder, "postgres"), autocommit=True, connect_timeout=10) as server:
        row = server.execute(query).fetchone()
    return bool(row and row[0])


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1].strip()
