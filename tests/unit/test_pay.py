"""Pay by a measure keeps the caps of areas, and what is wrong with a policy is named by its path."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from geo.pay import PayPolicy, document_of, factors, parse_policy

LINES = st.lists(
    st.tuples(st.floats(0, 1e6), st.sampled_from(["B1", "B2", "B3", None])), min_size=1, max_size=20
)
CAPS = st.dictionaries(st.sampled_from(["B1", "B2"]), st.floats(0, 1e6))


@given(LINES, CAPS)
def test_no_area_is_paid_more_than_its_cap_and_none_less_than_it_must(
    lines: list[tuple[float, str | None]], caps: dict[str, float]
) -> None:
    amounts, areas = np.array([one for one, _ in lines]), [area for _, area in lines]
    found = factors(amounts, areas, PayPolicy(None, 1.0, caps))
    for area, factor in found.items():
        total = sum(amount for amount, of in lines if of == area)
        assert total * factor == pytest.approx(min(total, caps.get(area, total)))
    assert set(found) == {area for area in areas if area is not None}


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"mesure": "x"}, "policy"),
        ({"measure": ""}, "measure"),
        ({"rate": -1}, "rate"),
        ({"rate": True}, "rate"),
        ({"caps": []}, "caps"),
        ({"caps": {"B1": "x"}}, "caps.B1"),
        ({"caps": {"B1": float("nan")}}, "caps.B1"),
    ],
)
def test_a_bad_policy_is_refused_with_the_path(document: dict[str, Any], path: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_policy(document)
    assert caught.value.column == path


def test_a_policy_is_told_as_it_is_taken() -> None:
    document = {"measure": "revenue", "rate": 0.5, "caps": {"B1": 10.0}}
    assert document_of(parse_policy(document)) == document
