"""What has to be known of grids, buildings, clusters and customers, and how often it has to be confirmed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from geo.errors import InputError

ATTRIBUTE = "attributes."
"""Any further column of a file may be needed too, by this and its name."""
FIELDS: Mapping[str, tuple[str, ...]] = {
    "grid": ("name", "code", "area", "class", "owner"),
    "building": ("name", "use", "address", "footprint", "households", "ports", "ports_used"),
    "cluster": ("kind", "owner", "members"),
    "customer": (
        "name",
        "segment",
        "tier",
        "net_status",
        "party",
        "uscc",
        "place",
        "exact_place",
        "address",
        "building",
        "visits",
        "prospects",
        "opportunities",
        "complaints",
    ),
}
"""What may be needed of each tier. ``code``: one that fits the template of the policy ``codes``;
``footprint``: a polygon, not a point; ``exact_place``: a geocode of level point or building."""
_BY = ("tier", "segment")


@dataclass(frozen=True)
class Also:
    """What customers of some tiers or segments need beside the rest; empty: of all."""

    tier: tuple[str, ...]
    segment: tuple[str, ...]
    needed: tuple[str, ...]
    stale_after_days: int | None


@dataclass(frozen=True)
class Needs:
    """What is needed of one tier, and after how many days without confirmation it is stale (None: never)."""

    needed: tuple[str, ...]
    stale_after_days: int | None
    also: tuple[Also, ...] = ()


@dataclass(frozen=True)
class CompletenessPolicy:
    """What is needed of each tier."""

    tiers: Mapping[str, Needs] = field(
        default_factory=lambda: {
            "grid": Needs(("area", "owner"), 365),
            "building": Needs(("name", "households"), 365),
            "cluster": Needs(("owner",), 365),
            "customer": Needs(("name", "tier", "net_status", "exact_place"), 180),
        }
    )


DEFAULT_POLICY = CompletenessPolicy()
"""What holds until an organisation has a policy of its own."""


def parse_policy(document: Mapping[str, Any]) -> CompletenessPolicy:
    """A policy from a plain mapping (JSON or YAML), checked.

    ``{"grid": {"needed": ["owner"], "stale_after_days": 365}, "building": …, "cluster": …, "customer":
    {"needed": ["name", "attributes.services"], "stale_after_days": 180, "also": [{"tier": ["A"], "needed":
    ["uscc"], "stale_after_days": 30}]}}``. ``also`` adds what customers of these tiers and segments need; of
    two numbers of days the smaller counts, null is never. What is left out is as in ``DEFAULT_POLICY``.
    InputError (``bad-policy``, ``column`` the path of the value).
    """
    _only(document, tuple(FIELDS), "policy")
    tiers = dict(DEFAULT_POLICY.tiers)
    for name, said in document.items():
        keys = (
            ("needed", "stale_after_days", "also") if name == "customer" else ("needed", "stale_after_days")
        )
        _only(_mapping(said, name), keys, name)
        before = tiers[name]
        tiers[name] = Needs(
            _needed(said["needed"], name, name) if "needed" in said else before.needed,
            _days(said["stale_after_days"], name) if "stale_after_days" in said else before.stale_after_days,
            tuple(_also(one, f"{name}.also[{i}]") for i, one in enumerate(_listed(said, "also", name))),
        )
    return CompletenessPolicy(tiers)


def document_of(policy: CompletenessPolicy) -> dict[str, Any]:
    """The policy as ``parse_policy`` takes it, with nothing left out."""
    told: dict[str, Any] = {}
    for name, needs in policy.tiers.items():
        told[name] = {"needed": list(needs.needed), "stale_after_days": needs.stale_after_days}
        if name == "customer":
            told[name]["also"] = [
                {
                    **{by: list(getattr(one, by)) for by in _BY if getattr(one, by)},
                    "needed": list(one.needed),
                    "stale_after_days": one.stale_after_days,
                }
                for one in needs.also
            ]
    return told


def _also(said: Any, path: str) -> Also:
    _only(_mapping(said, path), (*_BY, "needed", "stale_after_days"), path)
    if not said.get("tier") and not said.get("segment"):
        raise _bad(path, "it says of no tier and no segment; name some, or put it into needed itself")
    tier, segment = (_texts(_listed(said, by, path), f"{path}.{by}") for by in _BY)
    needed = _needed(said.get("needed", []), "customer", path)
    return Also(tier, segment, needed, _days(said.get("stale_after_days"), path))


def _needed(value: Any, tier: str, path: str) -> tuple[str, ...]:
    path = f"{path}.needed"
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise _bad(path, f"{value!r} is no list")
    for one in _texts(value, path):
        if one not in FIELDS[tier] and not (one.startswith(ATTRIBUTE) and len(one) > len(ATTRIBUTE)):
            raise _bad(
                path,
                f"nothing is known as {one!r} of a {tier}; {', '.join(FIELDS[tier])}, or {ATTRIBUTE}NAME for "
                "a further column, were expected",
            )
    return tuple(dict.fromkeys(value))


def _days(value: Any, path: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _bad(f"{path}.stale_after_days", f"{value!r} is no number of days, from 1 up, or null")
    return value


def _listed(said: Mapping[str, Any], name: str, path: str) -> Sequence[Any]:
    value = said.get(name) or []
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise _bad(f"{path}.{name}", f"{value!r} is no list")
    return value


def _texts(values: Sequence[Any], path: str) -> tuple[str, ...]:
    for value in values:
        if not isinstance(value, str) or not value:
            raise _bad(path, f"{value!r} is no text")
    return tuple(values)


def _mapping(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _bad(path, f"{value!r} is no table of values")
    return value


def _only(said: Mapping[str, Any], names: Sequence[str], path: str) -> None:
    for name in said:
        if name not in names:
            raise _bad(path, f"unknown key {name!r}; {', '.join(names)} were expected")


def _bad(path: str, why: str) -> InputError:
    return InputError(why, kind="bad-policy", column=path)
