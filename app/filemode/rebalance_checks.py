"""What a redraw of files is refused for before it begins, in the words of the command line and the files."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from app.filemode.rebalance_columns import Kinds
from app.filemode.rebalance_options import Options
from geo.errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def check_options(options: Options) -> None:
    """Options that are no use, or do not go together."""
    if not options.tolerance >= 0:
        raise InputError(f"--tolerance {options.tolerance}: expected a share from 0", kind="bad-option")
    if options.grids is not None and options.grids < 1:
        raise InputError(f"--grids {options.grids}: expected a number from 1", kind="bad-option")
    if options.grids is not None:
        given = {
            "--grid-column": options.grid_column,
            "--locked-column": options.locked_column,
            "--lock-grid": options.lock_grids,
            "--targets": options.targets,
            "--add": options.add,
            "--dissolve": options.dissolve,
        }
        for name, value in given.items():
            if value:
                raise InputError(
                    f"{name} needs the grids of today, and --grids asks for new ones: give one of the two"
                )
    if options.bridges is not None and options.barriers is None:
        raise InputError("--bridges open --barriers, and none are given")


def check_search(
    max_moved: float | None, plans: int | None, time_limit: float, seed: int, threads: int | None, most: int
) -> None:
    """How to search: numbers in their range."""
    if max_moved is not None and not max_moved >= 0:
        raise InputError(f"--max-moved {max_moved}: expected a share from 0", kind="bad-option")
    if plans is not None and not 1 <= plans <= most:
        raise InputError(
            f"--frontier {plans}: expected a number of plans from 1 to {most}", kind="bad-option"
        )
    if not time_limit > 0:
        raise InputError(f"--time-limit {time_limit}: expected seconds above 0", kind="bad-option")
    if seed < 0:
        raise InputError(f"--seed {seed}: expected a whole number from 0", kind="bad-option")
    if threads is not None and threads < 1:
        raise InputError(f"--threads {threads}: expected a number from 1", kind="bad-option")


def check_move_weight(weight: Floats, name: str, file: str) -> None:
    """Some unit weighs something in the weight whose moved share counts."""
    if weight.sum() <= 0:
        message = "all units weigh 0, so no share of it can be told"
        raise InputError(message, kind="bad-value", file=file, column=name)


def check_classes(
    weights: Floats,
    tolerance: Sequence[float],
    names: Sequence[str],
    unit_class: Ints,
    kinds: Kinds,
    file: str,
) -> None:
    """Every class has something of each weight that is balanced; else its grids would have a target of 0."""
    for j, name in enumerate(names):
        if not np.isfinite(tolerance[j]):
            continue
        for number in np.flatnonzero(np.bincount(unit_class, weights[:, j]) <= 0):
            where = " / ".join(k for k in kinds.get(int(number), (None, None)) if k)
            message = (
                f"all units{' of ' + where if where else ''} weigh 0, so their grids have no target: "
                f"give --targets, or --weight {name}:inf to leave it unbalanced"
            )
            raise InputError(message, kind="bad-value", file=file, column=name)


def check_stay(
    codes: Sequence[str],
    current: Ints,
    unit_class: Ints,
    grid_class: Ints,
    stay: Bools,
    locked: Bools | None,
    kinds: Kinds,
    lock_grids: Sequence[str],
    ids: Sequence[str],
) -> None:
    """What is dissolved, locked and added goes together; each class keeps a grid and has units for all."""
    size = np.bincount(current, minlength=len(codes))
    for g in np.flatnonzero(~stay).tolist():
        if codes[g] in lock_grids:
            message = f"--dissolve {codes[g]}: the grid is locked too (--lock-grid): choose one"
            raise InputError(message, kind="bad-option")
    for code in lock_grids:
        if code in codes and size[codes.index(code)] == 0:
            message = f"--lock-grid {code}: the grid is new, and a locked one stays without units"
            raise InputError(message, kind="bad-option")
    if locked is not None:
        held = np.flatnonzero(locked & ~stay[current])
        if len(held):
            code, unit = codes[int(current[held[0]])], ids[int(held[0])]
            message = f"--dissolve {code}: unit {unit} is locked in it: unlock it, or keep the grid"
            raise InputError(message, kind="bad-option")
    for number in np.unique(unit_class):
        name = " / ".join(k for k in kinds[int(number)] if k) or "the units"
        grids, units = int((stay & (grid_class == number)).sum()), int((unit_class == number).sum())
        if grids == 0:
            raise InputError(f"--dissolve: no grid would remain for {name}", kind="bad-option")
        if grids > units:
            message = f"--add: {name} would have {grids} grids and only {units} units"
            raise InputError(message, kind="bad-option")
