"""The check character of registry numbers, by published numbers and by what a modulus of 31 has to catch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.uscc import is_valid

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
PUBLISHED = (
    "91350100M000100Y43",  # the example of GB 32100-2015
    "914403001922038216",
    "9144030071526726XG",
    "91330100799655058B",
)
bodies = st.text(ALPHABET, min_size=17, max_size=17)


def completed(body: str) -> str:
    (last,) = (one for one in ALPHABET if is_valid(body + one))
    return body + last


@pytest.mark.parametrize("code", PUBLISHED)
def test_published_numbers_pass(code: str) -> None:
    assert is_valid(code)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "91350100M000100Y4",
        "91350100M000100Y433",
        "91350100M000100Y44",
        "91350100M000100I43",  # I, O, S, V and Z are not in the alphabet
        "91350100m000100y43",
        "９1350100M000100Y43",
    ],
)
def test_what_is_no_number_fails(code: str) -> None:
    assert not is_valid(code)


@given(bodies)
def test_each_body_has_one_check_character(body: str) -> None:
    assert is_valid(completed(body))


@given(bodies, st.integers(0, 17), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_found(body: str, place: int, other: str) -> None:
    code = completed(body)
    wrong = code[:place] + other + code[place + 1 :]
    assert is_valid(wrong) == (wrong == code)


@given(bodies, st.integers(0, 16))
def test_two_swapped_neighbours_are_found(body: str, place: int) -> None:
    code = completed(body)
    wrong = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert is_valid(wrong) == (wrong == code)
