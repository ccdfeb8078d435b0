"""What an import is asked to do, beside its file."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

OnFindings = Literal["reject", "draft"]
Repair = Literal["none", "valid"]


@dataclass(frozen=True)
class KindOf:
    """What a kind of file asks for: whether its rows have places, and whether it speaks of one plane."""

    places: Literal["always", "sometimes", "never"]
    plane: Literal["needed", "allowed", "none"] = "none"


KINDS: Mapping[str, KindOf] = {
    "areas": KindOf("sometimes"),
    "people": KindOf("sometimes"),
    "responsibilities": KindOf("never", "needed"),
    "grids": KindOf("always", "needed"),
    "buildings": KindOf("always"),
    "regions": KindOf("always"),
    "clusters": KindOf("never", "allowed"),
    "parties": KindOf("never"),
    "accounts": KindOf("always", "allowed"),
    "named-lists": KindOf("never", "needed"),
    "barriers": KindOf("always"),
    "exclusions": KindOf("always"),
    "metrics": KindOf("never"),
}


@dataclass(frozen=True)
class ImportParams:
    """The parameters of one import.

    ``crs`` is normalised (``wgs84``, ``gcj02``, ``bd09``, ``epsg:N``), none for a file without places.
    ``since`` is the day from which the rows hold. ``mapping`` says our column name → the file's. ``name`` and
    ``base`` (a plan; none: the one in force) are for the draft that grids make.
    """

    kind: str
    since: dt.date
    crs: str | None = None
    plane: str | None = None
    name: str | None = None
    base: uuid.UUID | None = None
    on_findings: OnFindings = "reject"
    repair: Repair = "none"
    mapping: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    layer: str | None = None

    def to_json(self) -> dict[str, Any]:
        """For a job's parameters."""
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "since": self.since.isoformat(),
            "base": str(self.base) if self.base else None,
            "mapping": dict(self.mapping),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "ImportParams":
        """The reverse of :meth:`to_json`; further names are left alone."""
        known = {name: document[name] for name in cls.__dataclass_fields__ if name in document}
        return cls(
            **{
                **known,
                "since": dt.date.fromisoformat(document["since"]),
                "base": uuid.UUID(document["base"]) if document.get("base") else None,
            }
        )
