"""Why there is no plan within tolerance: what a certificate says, and those that need only figures."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from geo.rebalance.bounds import Bound
from geo.rebalance.model import SLACK, Model
from geo.rebalance.problem import Ints


@dataclass(frozen=True, eq=False)
class Certificate:
    """One reason. ``kind``: unit_too_heavy, class_total, cut_off, locks, cap, no_plan (proofs), or
    not_found.

    ``grids`` and ``units`` are numbers; ``weight`` is the column concerned and ``group`` the class (or
    None); ``figures`` has the numbers of the proof; ``bridge`` two units that a bridge should join.
    ``message`` is a sentence with ``{grids}``, ``{units}``, ``{class}``, ``{weight}`` and ``{bridge}`` where
    the names belong.
    """

    kind: str
    message: str
    grids: tuple[int, ...] = ()
    units: tuple[int, ...] = ()
    weight: int | None = None
    group: int | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    bridge: tuple[int, int] | None = None


def cap_proof(bound: Bound, max_moved: float | None, enough: float | None = None) -> list[Certificate]:
    """The cap, if the bound proves that it is too low; ``enough``: the share of a plan known without it."""
    if max_moved is None or bound.share <= max_moved + SLACK:
        return []
    message = (
        f"at least {bound.share:.2%} of the work has to move, and at most {max_moved:.2%} may; "
        f"allow {_up(bound.share)} or more"
    )
    figures = {"least": float(bound.share), "most": float(max_moved), "enough": enough}
    if enough is not None:
        message += f" ({_up(enough)} is enough)"
    return [Certificate("cap", message, figures=figures)]


def _up(share: float) -> str:
    """A share in four decimals, rounded up, so that whoever allows it allows enough."""
    return f"{np.ceil(share * 1e4 + 1e-9) / 1e4:.4f}"


def no_plan(model: Model, c: int) -> Certificate:
    """A class of which every plan was ruled out."""
    grids = np.flatnonzero((model.grid_class == c) & model.open_grids)
    units = int((model.unit_class == c).sum())
    message = (
        f"no way to share the {units} units of class {{class}} among its {len(grids)} grids keeps each "
        "in one piece and within tolerance (all were ruled out); allow more tolerance, fewer locks, "
        "smaller units or another bridge"
    )
    return Certificate("no_plan", message, tuple(map(int, grids)), group=c, figures={"units_of_class": units})


def not_found(
    model: Model,
    labels: Ints,
    max_moved: float | None,
    moved: float,
    stopped: str | None,
    enough: float | None = None,
) -> Certificate:
    """The general reason: nothing proves it impossible, but no plan was found."""
    worst = model.violations(model.loads(labels))
    pieces = model.pieces(labels)
    off = np.flatnonzero(((worst > 1) | (pieces > 1) | (pieces == 0)) & model.remain)
    off = off[np.argsort(-worst[off], kind="stable")]
    within = "the time given" if stopped else "the search's limits"
    cap = f" with at most {max_moved:.2%} moved" if max_moved is not None else ""
    message = (
        f"no plan within tolerance was found within {within}{cap}; {len(off)} grids stay outside: "
        "{grids}; allow more tolerance, time or moves, or fewer locks"
    )
    figures = {"violation": min(float(worst.max()), 1e300), "moved": moved}
    if enough is not None:
        message += f"; a plan that moves {enough:.2%} is within tolerance, so allow {_up(enough)}"
        figures["enough"] = enough
    return Certificate("not_found", message, grids=tuple(int(g) for g in off[:20]), figures=figures)
