"""The kinds of policy there are: how a document of each is read, and what holds while there is none."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

from app.errors import NotFound
from geo import classify, codes, completeness, geocodes, pay, workload
from geo.classify import ClassesPolicy
from geo.codes import CodePolicy
from geo.completeness import CompletenessPolicy
from geo.geocodes import GeocodePolicy
from geo.pay import PayPolicy
from geo.workload import WorkloadPolicy

Document = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Kind(Generic[T]):
    """A kind of policy. ``parse`` raises :class:`geo.errors.InputError` with the path of what is wrong."""

    name: str
    describes: str
    parse: Callable[[Document], T]
    document: Callable[[T], dict[str, Any]]
    """The policy as ``parse`` takes it, with nothing left out."""
    default: T
    decides: bool = False
    """Assignments depend on it: a change decides them again from its day on."""


def _classes(policy: ClassesPolicy) -> dict[str, Any]:
    return {"codes": dict(policy.codes), "density": asdict(policy.density)}


def _geocodes(policy: GeocodePolicy) -> dict[str, Any]:
    pile = {"customers": policy.crowd} if policy.crowd is not None else None
    return {"radius_m": dict(policy.radius_m), "pile": pile}


WORKLOAD: Kind[WorkloadPolicy] = Kind(
    "workload",
    "minutes a month: visits by tier, minutes and travel by class, the owner's way from the residence",
    workload.parse_policy,
    workload.document_of,
    workload.DEFAULT_POLICY,
)
GEOCODES: Kind[GeocodePolicy] = Kind(
    "geocodes",
    "the radius of doubt of each level of geocode, and how many customers at one point are a pile",
    geocodes.parse_policy,
    _geocodes,
    geocodes.DEFAULT_POLICY,
    decides=True,
)
CLASSES: Kind[ClassesPolicy] = Kind(
    "classes",
    "A/B by the beginning of urban–rural codes, and thresholds of density for suggestions",
    classify.parse_policy,
    _classes,
    classify.DEFAULT_POLICY,
)
COMPLETENESS: Kind[CompletenessPolicy] = Kind(
    "completeness",
    "what has to be known of grids, buildings, clusters and customers, and how often it is to be confirmed",
    completeness.parse_policy,
    completeness.document_of,
    completeness.DEFAULT_POLICY,
)
CODES: Kind[CodePolicy] = Kind(
    "codes",
    "the tiers and segments there are, and how grids are numbered",
    codes.parse_policy,
    codes.document_of,
    CodePolicy(),
)

PAY: Kind[PayPolicy] = Kind(
    "pay",
    "what is paid for a measure, and the most that is paid in an area a month",
    pay.parse_policy,
    pay.document_of,
    pay.DEFAULT_POLICY,
)

KINDS: Mapping[str, Kind[Any]] = {
    kind.name: kind for kind in (WORKLOAD, GEOCODES, CLASSES, COMPLETENESS, CODES, PAY)
}


def kind_of(name: str) -> Kind[Any]:
    """The kind of this name; raises :class:`app.errors.NotFound`."""
    if name not in KINDS:
        raise NotFound(
            f"There is no policy {name!r}; there are {', '.join(sorted(KINDS))}.", kind="unknown-policy"
        )
    return KINDS[name]
