"""The kinds of policy there are: how a document of each is read, and what holds while there is none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.errors import NotFound
from geo import classify
from geo.classify import ClassesPolicy
from geo.workload import DEFAULT_POLICY, WorkloadPolicy, parse_policy

Document = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Kind(Generic[T]):
    """A kind of policy. ``parse`` raises :class:`geo.errors.InputError` with the path of what is wrong."""

    name: str
    describes: str
    parse: Callable[[Document], T]
    default: T


WORKLOAD: Kind[WorkloadPolicy] = Kind(
    "workload", "minutes a month: visits by tier, minutes and travel by class", parse_policy, DEFAULT_POLICY
)

CLASSES: Kind[ClassesPolicy] = Kind(
    "classes",
    "A/B by the beginning of urban–rural codes, and thresholds of density for suggestions",
    classify.parse_policy,
    classify.DEFAULT_POLICY,
)

KINDS: Mapping[str, Kind[Any]] = {kind.name: kind for kind in (WORKLOAD, CLASSES)}


def kind_of(name: str) -> Kind[Any]:
    """The kind of this name; raises :class:`app.errors.NotFound`."""
    if name not in KINDS:
        raise NotFound(
            f"There is no policy {name!r}; there are {', '.join(sorted(KINDS))}.", kind="unknown-policy"
        )
    return KINDS[name]
