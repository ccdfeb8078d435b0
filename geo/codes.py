"""The values and codes that an organisation uses: its tiers, its segments, and how its grids are numbered."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from geo.errors import InputError

_PLACEHOLDER = re.compile(r"\{(area|plane|number)(?::(\d))?\}")


@dataclass(frozen=True)
class CodePolicy:
    """None, and an empty template: whatever is loaded is taken."""

    tiers: tuple[str, ...] | None = None
    segments: tuple[str, ...] | None = None
    grid: str = ""
    """Template of grid codes: text with ``{area}``, ``{plane}`` and ``{number}`` or ``{number:3}``."""


def parse_policy(document: Mapping[str, Any]) -> CodePolicy:
    """A policy from a plain mapping, checked.

    ``{"tiers": ["A", "B", "C"], "segments": ["business"], "grid": "{area}-{number:3}"}``, each may be left
    out. InputError (``bad-policy``, ``column`` the path of the value).
    """
    for key in document:
        if key not in ("tiers", "segments", "grid"):
            raise InputError(
                f"unknown key {key!r}; tiers, segments, grid were expected",
                kind="bad-policy",
                column="policy",
            )
    template = document.get("grid", "")
    if not isinstance(template, str):
        raise InputError(f"{template!r} is no text", kind="bad-policy", column="grid")
    rest = _PLACEHOLDER.sub("", template)
    if template and ("{" in rest or "}" in rest or "{number" not in template):
        raise InputError(
            f"{template!r} is no template; text with {{area}}, {{plane}} and {{number}} or {{number:3}}, the "
            "number always, was expected",
            kind="bad-policy",
            column="grid",
        )
    return CodePolicy(_values(document, "tiers"), _values(document, "segments"), template)


def document_of(policy: CodePolicy) -> dict[str, Any]:
    """The policy as ``parse_policy`` takes it."""
    listed = {"tiers": policy.tiers, "segments": policy.segments}
    told: dict[str, Any] = {name: list(values) for name, values in listed.items() if values is not None}
    return told | ({"grid": policy.grid} if policy.grid else {})


def fits(template: str, code: str, *, area: str | None, plane: str) -> bool:
    """Whether a grid's code is one that the template makes for its area and plane; every code fits none.

    A grid without an area fits no template that names one.
    """
    if not template:
        return True
    if area is None and "{area}" in template:
        return False
    pattern, end = "", 0
    for found in _PLACEHOLDER.finditer(template):
        pattern += re.escape(template[end : found.start()])
        name, width = found.groups()
        pattern += (
            rf"[0-9]{{{width or 1},}}"
            if name == "number"
            else re.escape(area or "" if name == "area" else plane)
        )
        end = found.end()
    return re.fullmatch(pattern + re.escape(template[end:]), code) is not None


def _values(document: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    values = document.get(name)
    if values is None:
        return None
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise InputError(f"{values!r} is no list of texts", kind="bad-policy", column=name)
    for value in values:
        if not isinstance(value, str) or not value.strip():
            raise InputError(f"{value!r} is no text", kind="bad-policy", column=name)
    if len(set(values)) < len(values):
        raise InputError("a value is named twice", kind="bad-policy", column=name)
    return tuple(values)
