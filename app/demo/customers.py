"""The customers of a file as a script would ask about them: all in one call of POST /v1/assign."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.demo import tables
from app.demo.client import Document
from app.demo.errors import DemoFailed
from app.demo.steps import Stage

_TEXTS = ("building", "cluster", "party", "geocode_level", "tier", "segment", "net_status")


@dataclass(frozen=True)
class Customers:
    """The rows of a file that were loaded, as columns of a question."""

    crs: str
    columns: dict[str, list[Any]]

    def __len__(self) -> int:
        return len(self.columns["id"])

    def place(self, row: int) -> tuple[float, float]:
        """Longitude and latitude as the file has them."""
        return self.columns["lng"][row], self.columns["lat"][row]


def customers(path: Path, crs: str, refused: Collection[int]) -> Customers:
    """All customers of the file but the rows (from 1) that were refused when it was loaded."""
    has = tables.names(path)
    texts = [name for name in _TEXTS if name in has]
    numbers = [name for name in ("lng", "lat", "radius_m") if name in has]
    found = tables.columns(path, ["id", *numbers, *texts])
    kept = [row for row in range(len(found["id"])) if row + 1 not in refused]
    columns: dict[str, list[Any]] = {"id": [found["id"][row] for row in kept]}
    columns["account"] = columns["id"]
    for name in numbers:
        columns[name] = [_number(found[name][row]) for row in kept]
    for name in texts:
        columns[name] = [found[name][row] or None for row in kept]
    return Customers(crs, columns)


def _number(value: Any) -> float | None:
    return None if value is None or value == "" else float(value)


def ask(stage: Stage, who: Customers, plane: str, day: str) -> Document:
    """Whose all of them are on a day, by the plane's rules; columns."""
    with stage.teller.waiting(f"asking about {len(who):,} customers at once") as tell:
        tell(0.0, f"plane {plane}, {day}")
        return stage.api.post("/v1/assign", {"crs": who.crs, "plane": plane, **who.columns}, at=day)


def rules(stage: Stage, answer: Document, plane: str) -> None:
    """By which rule each was decided; what is stored must say the same."""
    stored = stage.told["assigned"][plane]["by_status"]
    asked: Counter[str] = Counter(answer["status"])
    if dict(asked) != stored:
        raise DemoFailed(
            f"plane {plane}: stored {stored} and asked {dict(asked)} differ; that is a fault of the service"
        )
    by_rule = Counter(
        rule for rule, status in zip(answer["rule"], answer["status"], strict=True) if status == "assigned"
    )
    stage.told["assigned"][plane]["by_rule"] = dict(by_rule.most_common())
    said = ", ".join(f"{count:,} by {rule}" for rule, count in by_rule.most_common())
    stage.teller.figure(f"plane {plane}: {said}")
