"""Pay by a measure: an amount for each unit of it, and a cap on the sum of an area."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import InputError


@dataclass(frozen=True)
class PayPolicy:
    """What is paid for each unit of a measure; ``caps``: area's code → the most paid in it a month."""

    measure: str | None
    rate: float
    caps: Mapping[str, float]


DEFAULT_POLICY = PayPolicy(None, 1.0, {})


def parse_policy(document: Mapping[str, Any]) -> PayPolicy:
    """A policy from a plain mapping, checked.

    ``{"measure": "revenue", "rate": 0.02, "caps": {"B1": 50000}}``, each may be left out. InputError
    (``bad-policy``, ``column`` the path of the value).
    """
    for key in document:
        if key not in ("measure", "rate", "caps"):
            raise _bad(f"unknown key {key!r}; measure, rate, caps were expected", "policy")
    measure = document.get("measure")
    if measure is not None and (not isinstance(measure, str) or not measure.strip()):
        raise _bad(f"{measure!r} is no name of a measure", "measure")
    caps = document.get("caps", {})
    if not isinstance(caps, Mapping):
        raise _bad(f"{caps!r} is no mapping of codes of areas to amounts", "caps")
    rate = _amount(document.get("rate", DEFAULT_POLICY.rate), "rate")
    return PayPolicy(measure, rate, {str(code): _amount(cap, f"caps.{code}") for code, cap in caps.items()})


def document_of(policy: PayPolicy) -> dict[str, Any]:
    """The policy as ``parse_policy`` takes it."""
    told: dict[str, Any] = {"rate": policy.rate, "caps": dict(policy.caps)}
    return told | ({"measure": policy.measure} if policy.measure else {})


def factors(amounts: NDArray[np.float64], areas: Sequence[str | None], policy: PayPolicy) -> dict[str, float]:
    """Area → what amounts in it are multiplied by so that their sum keeps its cap; 1 where it does anyway.

    ``amounts`` (n,) money, ``areas`` (n,) the area of each (None: of none). Amounts below zero are taken off
    the sum.
    """
    found: dict[str, float] = {}
    of = np.array(areas, dtype=object)
    for area in {one for one in areas if one is not None}:
        total, cap = float(amounts[of == area].sum()), policy.caps.get(area)
        found[area] = 1.0 if cap is None or total <= cap else cap / total
    return found


def _amount(value: Any, path: str) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not np.isfinite(value) or value < 0:
        raise _bad(f"{value!r} is no amount; a number that is not negative was expected", path)
    return float(value)


def _bad(what: str, path: str) -> InputError:
    return InputError(what, kind="bad-policy", column=path)
