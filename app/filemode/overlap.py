"""Batches worked on by several threads, read and handed on in order."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux says it
        return os.cpu_count() or 1


def in_order(items: Iterator[T], work: Callable[[T], R], threads: int) -> Iterator[R]:
    """``work(item)`` of each item, in the order of the items.

    With one thread each is done when it is asked for. With more, ``items`` are read by a thread of their own
    and worked on by ``threads``, while the caller is busy with what it got; at most ``threads`` + 2 items are
    in memory beside the caller's. What ``items`` or ``work`` raises is raised here, in its place in the
    order; when the caller stops, so does all the rest.
    """
    if threads <= 1:
        yield from map(work, items)
        return
    ended = object()
    reader, workers = ThreadPoolExecutor(1, "reader"), ThreadPoolExecutor(threads, "worker")
    under_way: deque[Future[R]] = deque()
    try:
        ahead: Future[T | object] | None = reader.submit(next, items, ended)
        while ahead is not None or under_way:
            while ahead is not None and len(under_way) <= threads:
                try:
                    item = ahead.result()
                except Exception:
                    if under_way:  # what was read before comes first
                        break
                    raise
                if item is ended:
                    ahead = None
                    break
                ahead = reader.submit(next, items, ended)
                under_way.append(workers.submit(work, item))  # type: ignore[arg-type]
            if under_way:
                yield under_way.popleft().result()
    finally:
        workers.shutdown(cancel_futures=True)
        reader.shutdown(cancel_futures=True)
