"""Batches go through several threads and come out in order, few at a time, with their faults in place."""

import threading
import time

import pytest

from app.filemode.overlap import in_order


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_order_is_kept_whatever_takes_longest(threads):
    def work(i):
        time.sleep(0.002 * (7 - i % 7))
        return -i

    assert list(in_order(iter(range(40)), work, threads)) == [-i for i in range(40)]
    assert list(in_order(iter([]), work, threads)) == []


def test_few_are_in_memory_however_slowly_they_are_taken():
    read: list[int] = []
    for taken, i in enumerate(in_order((read.append(i) or i for i in range(50)), lambda i: i, 2), 1):
        assert i == taken - 1
        time.sleep(0.01)
        assert len(read) <= taken + 4


@pytest.mark.parametrize("threads", [1, 3])
def test_a_fault_comes_after_what_was_before_it(threads):
    def items():
        yield from range(5)
        raise ValueError("the file broke off")

    got: list[int] = []
    with pytest.raises(ValueError, match="broke off"):
        got.extend(in_order(items(), lambda i: i, threads))
    assert got == [0, 1, 2, 3, 4]
    with pytest.raises(ZeroDivisionError):
        list(in_order(iter([1, 0, 1]), lambda i: 1 // i, threads))


def test_no_thread_is_left_when_the_caller_stops():
    before = threading.active_count()
    out = in_order(iter(range(1000)), lambda i: i, 4)
    assert next(out) == 0
    out.close()
    assert threading.active_count() == before
