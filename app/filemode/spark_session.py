"""A Spark session that keeps quiet: faults of Java and Spark become one line."""

import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Any

from geo.errors import InputError

_OURS = re.compile(r"geo\.errors\.InputError: (.+)")
_FAULT = re.compile(
    r'^(?:Caused by: |Exception in thread "[^"]*" |: )?(?:[\w$]+\.)*([A-Z][\w$]*(?:Error|Exception)): (.*\S)',
    re.MULTILINE,
)
_LOCAL = re.compile(r"local(\[|$)")
_AT = re.compile(r"(?:spark|k8s)://(?:https?://)?(.+)")
_PLACE = re.compile(r"(\[[^\]]+\]|[^:/,]+):(\d{1,5})(?:/|$)")
_PATIENCE_S = 10.0  # for all addresses of a master together: Spark itself goes on for minutes


@contextmanager
def session(master: str) -> Iterator[Any]:
    """A session on ``master``, stopped at the end.

    Raises InputError when pyspark or Java is missing, when Spark does not start there, and for whatever ends
    a job: with the text of the InputError that a task raised, where it was one. Java's own output goes to the
    terminal only with GRIDWRIGHT_DEBUG.
    """
    try:
        import pyspark  # noqa: F401
    except ImportError:
        raise InputError(
            "the Spark engine needs pyspark, which is not installed: type: pip install 'gridwright[spark]' "
            "(in a checkout, ./run exec gridwright assign … --engine spark installs it)",
            kind="missing-package",
        ) from None
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    _require_java()
    faults = (Py4JError, PySparkException)
    try:
        spark = _start(master)
    except faults as error:
        raise _not_started(master, error) from error
    try:
        yield spark
    except faults as error:
        raise _ended(error) from error
    finally:
        spark.stop()


def require_answer(master: str) -> None:
    """Raise InputError when nobody takes a connection at the addresses that a master names, if it does."""
    named = _AT.match(master)
    places = [_PLACE.match(one) for one in named[1].split(",")] if named else []
    faults = []
    for place in places:
        if place is None:
            return  # Spark says better than we what it does not understand
        host, port = place[1].strip("[]"), int(place[2])
        try:
            socket.create_connection((host, port), _PATIENCE_S / len(places)).close()
            return
        except (OSError, OverflowError, UnicodeError) as error:
            faults.append(f"{place[1]}:{port} ({getattr(error, 'strerror', None) or error})")
    if faults:
        raise InputError(
            f"no Spark master answers at {', '.join(faults)}: start it, or correct --spark-master {master}",
            kind="no-spark",
        )


def _require_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if home and not os.access(Path(home, "bin", "java"), os.X_OK):
        raise InputError(
            f"JAVA_HOME is {home}, where there is no bin/java: unset or correct it", kind="no-java"
        )
    if not home and shutil.which("java") is None:
        raise InputError(
            "Spark needs Java 17 or newer, and there is none here: as root, type: apt-get install "
            "openjdk-17-jre-headless (or set JAVA_HOME)",
            kind="no-java",
        )


def _start(master: str) -> Any:
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    settings = {
        "spark.master": master,
        "spark.app.name": "gridwright assign",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "WARN",
        "spark.sql.adaptive.enabled": "false",  # partitions are counted by us and named by their number
        "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
        "spark.python.worker.reuse": "true",  # the index is opened once in each
    }
    if _LOCAL.match(master):  # no other machine asks for this one, whose name may not even resolve
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        settings |= {"spark.ui.enabled": "false"}
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    conf = SparkConf().setAll(list(settings.items()))
    SparkContext(conf=conf, gateway=_java(tuple(settings.items())))
    return SparkSession.builder.getOrCreate()


@cache
def _log() -> IO[bytes]:
    return tempfile.TemporaryFile()


@cache
def _java(settings: tuple[tuple[str, str], ...]) -> Any:
    """Java with these settings, started once in a process; it ends with it."""
    from pyspark import SparkConf
    from pyspark.java_gateway import launch_gateway

    kept: dict[str, Any] = {} if os.environ.get("GRIDWRIGHT_DEBUG") else {"stdout": _log(), "stderr": _log()}
    return launch_gateway(SparkConf().setAll(list(settings)), popen_kwargs=kept)


def _not_started(master: str, error: Exception) -> InputError:
    _log().seek(0)
    said = f"{error}\n{_log().read().decode(errors='replace')}"
    if "UnsupportedClassVersionError" in said:
        return InputError("this Java is too old for Spark: it needs 17 or newer", kind="no-java")
    return InputError(
        f"Spark does not start on {master!r} ({_cause(said)}): expected a master such as local[*], "
        "spark://host:7077, yarn or k8s://https://host:6443",
        kind="no-spark",
    )


def _ended(error: Exception) -> InputError:
    said = str(error)
    ours = _OURS.search(said)
    if ours:
        return InputError(ours[1].strip(), kind="bad-input")
    return InputError(f"the Spark job failed ({_cause(said)}): nothing was written", kind="spark-failed")


def _cause(said: str) -> str:
    """The one line of Java's and Python's traces that names the cause: the deepest error that says what."""
    found = _FAULT.findall(said)
    if found:
        return ": ".join(found[-1])[:300]
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no reason given"
