"""The private PostGIS cluster, against real servers: every way it can be found when it is asked for."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from app.storage import cluster, home
from app.storage.postgres_programs import programs, server_user


@pytest.fixture
def folder() -> Iterator[Path]:
    """A place for a cluster, stopped and removed afterwards."""
    with _place() as folder:
        yield folder


@pytest.fixture(scope="module")
def whole() -> Iterator[Path]:
    """A cluster that was made, started, given a table `kept` and stopped; copies of it save seconds."""
    with _place() as folder:
        ask(ensure(folder), "CREATE TABLE kept AS SELECT 7 AS n")
        cluster.stop(folder)
        yield folder


@pytest.fixture
def stopped(whole: Path, folder: Path) -> Path:
    """A stopped cluster with a table `kept` whose only n is 7."""
    subprocess.run(["/bin/cp", "-a", whole, folder], check=True)
    return folder


@contextlib.contextmanager
def _place() -> Iterator[Path]:
    base = Path(tempfile.mkdtemp(prefix="gridwright-cluster-"))
    base.chmod(0o755)
    try:
        yield base / "postgres"
    finally:
        if (base / "postgres" / "cluster" / "PG_VERSION").exists():
            cluster.stop(base / "postgres")
        shutil.rmtree(base)


def ask(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
        return row and row[0]


def ensure(folder: Path) -> str:
    return cluster.ensure(folder, durable=False)


def pid_file(folder: Path) -> Path:
    return folder / "cluster" / "postmaster.pid"


def postmaster(folder: Path) -> int:
    return int(pid_file(folder).read_text().splitlines()[0])


def wait_until_gone(pid: int) -> None:
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} does not end")


def test_a_fresh_cluster_has_postgis_and_is_reached_by_its_socket_only(folder: Path) -> None:
    assert cluster.status(folder) == "absent"
    url = ensure(folder)

    assert cluster.status(folder) == "running"
    assert url == cluster.url(folder)
    assert str(ask(url, "SELECT postgis_version()")).startswith("3.")
    assert ask(url, "SELECT count(*) FROM pg_extension WHERE extname = 'btree_gist'") == 1
    assert ask(url, "SHOW server_encoding") == "UTF8"
    assert ask(url, "SHOW listen_addresses") == ""
    assert ask(url, "SHOW jit") == "off"
    assert folder.stat().st_mode & 0o077 == 0
    assert ask(url, "SELECT 'a' < 'B'") is False  # code points, as "lowest code" has it


def test_asking_again_changes_nothing(stopped: Path) -> None:
    url = ensure(stopped)
    pid = postmaster(stopped)

    assert ensure(stopped) == url
    assert postmaster(stopped) == pid
    assert ask(url, "SELECT n FROM kept") == 7


def test_two_processes_at_once_get_one_cluster(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from app.storage import cluster; "
        "print(cluster.ensure(Path(sys.argv[1]), durable=False))"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(folder)], cwd=home.PROJECT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=120)[0].strip() for process in both]

    assert [process.returncode for process in both] == [0, 0]
    assert answers == [cluster.url(folder)] * 2
    assert ask(answers[0], "SELECT count(*) FROM pg_database WHERE datname = 'gridwright'") == 1


def test_stop_and_start_keep_the_data(stopped: Path) -> None:
    url = ensure(stopped)

    assert cluster.stop(stopped) is True
    assert cluster.status(stopped) == "stopped"
    with pytest.raises(psycopg.OperationalError):
        ask(url, "SELECT 1")
    assert cluster.stop(stopped) is False

    assert ask(ensure(stopped), "SELECT n FROM kept") == 7


def test_stop_unless_used_leaves_a_cluster_in_use_running(stopped: Path) -> None:
    url = ensure(stopped)
    with psycopg.connect(url):
        assert cluster.stop(stopped, unless_used=True) is False
        assert cluster.status(stopped) == "running"
    assert cluster.stop(stopped, unless_used=True) is True


def test_a_killed_server_comes_back_with_its_data(stopped: Path) -> None:
    url = ensure(stopped)
    pid = postmaster(stopped)
    # A backend in the middle of something, which outlives its killed postmaster and holds its memory.
    with contextlib.closing(psycopg.connect(url, autocommit=True)) as busy:
        busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 10000000000)")
        os.kill(pid, signal.SIGKILL)
        wait_until_gone(pid)

        assert cluster.status(stopped) == "stopped"
        assert pid_file(stopped).exists()
        assert ask(ensure(stopped), "SELECT n FROM kept") == 7
    assert postmaster(stopped) != pid


def test_a_half_made_cluster_is_made_anew(folder: Path) -> None:
    folder.mkdir()
    for half in ("cluster.new", "cluster"):
        (folder / half / "base").mkdir(parents=True)
        (folder / half / "postgresql.conf").write_text("nonsense")

    assert ask(ensure(folder), "SELECT 1") == 1
    assert not (folder / "cluster.new").exists()


def test_initdb_killed_half_way_leaves_nothing_in_the_way(folder: Path) -> None:
    making = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from app.storage import cluster; "
            "cluster.ensure(Path(sys.argv[1]), durable=False)",
            str(folder),
        ],
        cwd=home.PROJECT,
        start_new_session=True,
    )
    for _ in range(2000):
        if (folder / "cluster.new" / "global").exists():
            break
        time.sleep(0.005)
    os.killpg(making.pid, signal.SIGKILL)
    making.wait()
    assert cluster.status(folder) == "absent"

    assert ask(ensure(folder), "SELECT 1") == 1


def test_a_stale_pid_file_that_names_another_living_program(stopped: Path) -> None:
    ensure(stopped)
    lines = pid_file(stopped).read_text().splitlines()
    cluster.stop(stopped)
    user = server_user(stopped)
    # Of the server's own user: PostgreSQL itself takes such a process for a running server.
    other = subprocess.Popen(
        ["/bin/sleep", "600"],
        user=user.uid if user.switch else None,
        group=user.gid if user.switch else None,
        extra_groups=[] if user.switch else None,
        cwd="/",
    )
    try:
        pid_file(stopped).write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        if user.switch:
            os.chown(pid_file(stopped), user.uid, user.gid)
        (stopped / "socket" / ".s.PGSQL.5432.lock").write_text(pid_file(stopped).read_text())

        assert cluster.status(stopped) == "stopped"
        assert ask(ensure(stopped), "SELECT n FROM kept") == 7
        assert other.poll() is None, "the other program was left alone"
    finally:
        other.kill()
        other.wait()


def test_a_garbled_pid_file(stopped: Path) -> None:
    pid_file(stopped).write_text("")

    assert ask(ensure(stopped), "SELECT 1") == 1


def test_a_database_lost_between_two_steps_is_made_again(stopped: Path) -> None:
    url = ensure(stopped)
    ask(url.replace("/gridwright?", "/postgres?"), "DROP DATABASE gridwright")

    assert str(ask(ensure(stopped), "SELECT postgis_version()")).startswith("3.")


def test_a_folder_too_deep_for_a_socket_path(folder: Path) -> None:
    deep = folder.parent / ("深" * 30) / ("d" * 60) / "postgres"
    url = ensure(deep)
    try:
        assert ask(url, "SELECT 1") == 1
        assert str(deep) not in url
    finally:
        cluster.stop(deep)


def test_a_server_that_cannot_start_says_why_in_one_line(stopped: Path) -> None:
    with (stopped / "cluster" / "postgresql.auto.conf").open("a") as conf:
        conf.write("shared_buffers = 'plenty'\n")

    with pytest.raises(
        cluster.ClusterError, match=r"did not start: configuration file .*auto\.conf"
    ) as caught:
        ensure(stopped)
    assert "\n" not in str(caught.value)
    assert "server.log" in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_root_leaves_a_users_cluster_to_the_user(folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    folder.mkdir()
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)

    assert ask(ensure(folder), "SELECT 1") == 1
    assert Path(f"/proc/{postmaster(folder)}").stat().st_uid == nobody.pw_uid
    assert {path.stat().st_uid for path in folder.iterdir()} == {nobody.pw_uid}


def test_a_file_in_the_folders_place(folder: Path) -> None:
    folder.write_text("")
    with pytest.raises(cluster.ClusterError, match="is not a folder"):
        ensure(folder)


def test_the_version_that_made_a_cluster_is_the_one_that_opens_it(folder: Path) -> None:
    with pytest.raises(cluster.ClusterError, match="needs PostgreSQL 9 "):
        programs(9)


def test_a_machine_without_postgis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(cluster.ClusterError, match=r"no PostgreSQL with PostGIS .* \./run setup"):
        programs(root=tmp_path)
