"""The files of a redraw as a problem: units, neighbours, barriers, targets."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from app.filemode.rebalance_columns import (
    chosen_grids,
    filled_text,
    grid_classes,
    no_mixed_grids,
    parse_weight,
    read_classes,
    read_targets,
    read_weights,
)
from app.filemode.rebalance_ground import (
    all_polygons,
    in_metres,
    read_edges,
    rounded,
    unit_shapes,
    without_barriers,
)
from app.filemode.rebalance_options import Options
from geo.errors import InputError
from geo.files import Table, geometries, open_table, truths
from geo.metrics import Shapes
from geo.rebalance import Names, Problem


@dataclass(frozen=True, eq=False)
class Case:
    """A problem with its names; ``before`` (n) codes or None; ``shapes`` where units are polygons."""

    problem: Problem
    names: Names
    before: list[str] | None
    shapes: Shapes | None


def read_case(options: Options) -> Case:
    """Read and check everything. Raises InputError that names file, row or column."""
    _check(options)
    table = open_table(options.units)
    data = _read(table, options)
    file = str(options.units)
    ids = _ids(data[options.id_column], file, options.id_column)
    n = len(ids)
    weights, tolerance, names, balanced = read_weights(data, options, file, n)
    kinds, unit_class = read_classes(data, options, n)
    geoms = geometries(data["geometry"], file=file) if table.has_geometry else None
    if geoms is not None and not all_polygons(geoms):
        if options.edges is None:
            wrong = np.flatnonzero((shapely.get_dimensions(geoms) != 2) | shapely.is_empty(geoms))
            message = "not a polygon: units need polygons, or --edges with a table of source and target"
            raise InputError(message, kind="not-polygons", file=file, row=int(wrong[0]) + 1)
        geoms = None
    crs = table.crs
    geoms = None if geoms is None else rounded(geoms, crs)
    plane = None if geoms is None else in_metres(geoms, crs)
    shapes = None if geoms is None or plane is None else unit_shapes(geoms, plane)
    edges, lengths = read_edges(options, ids, shapes)
    if options.barriers is not None:
        edges, lengths = without_barriers(options, geoms, crs, plane, edges, lengths)
    xy = None if plane is None else shapely.get_coordinates(shapely.centroid(plane))
    if options.grids is not None:
        problem = Problem(
            weights=weights,
            edges=edges,
            current=None,
            n_grids=options.grids,
            tolerance=np.array(tolerance),
            edge_length=lengths,
            xy=xy,
            unit_class=unit_class,
            move_weight=names.index(options.move_weight or names[0]),
        )
        codes = [str(i + 1) for i in range(options.grids)]
        return Case(problem, Names(ids, codes, names, kinds, balanced), None, shapes)
    column = options.grid_column or "grid"
    before = filled_text(data[column], file, column, "a grid")
    codes = sorted({*before, *(a.split(":")[0] for a in options.add)})
    index = {c: i for i, c in enumerate(codes)}
    current = np.array([index[c] for c in before], np.int64)
    no_mixed_grids(current, unit_class, codes, kinds, file, column)
    grid_class = grid_classes(options, current, unit_class, kinds, codes, index)
    locked = None
    if options.locked_column:
        locked = truths(data[options.locked_column], file=file, name=options.locked_column)
    stay = ~np.isin(codes, list(options.dissolve))
    problem = Problem(
        weights=weights,
        edges=edges,
        current=current,
        n_grids=len(codes),
        tolerance=np.array(tolerance),
        edge_length=lengths,
        xy=xy,
        target=read_targets(options, codes, stay, names, balanced),
        dissolve=~stay,
        unit_class=unit_class,
        grid_class=grid_class,
        locked_units=locked,
        locked_grids=chosen_grids(options.lock_grids, index, len(codes), "--lock-grid"),
        move_weight=names.index(options.move_weight or names[0]),
    )
    return Case(problem, Names(ids, codes, names, kinds, balanced), before, shapes)


def _check(options: Options) -> None:
    """Options that do not go together."""
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


def _read(table: Table, options: Options) -> Any:
    wanted = [options.id_column]
    if options.grids is None:
        wanted.append(options.grid_column or "grid")
    wanted += [parse_weight(w, options.tolerance)[0] for w in options.weights]
    wanted += [c for c in (options.class_column, options.group_column, options.locked_column) if c]
    wanted += [options.move_weight] if options.move_weight and options.move_weight != "units" else []
    wanted += ["geometry"] if table.has_geometry else []
    data = table.read(wanted)
    if data.num_rows == 0:
        raise InputError("no rows: expected one row for each unit", kind="empty", file=str(table.path))
    return data


def _ids(column: Any, file: str, name: str) -> list[str]:
    ids = filled_text(column, file, name, "an id")
    seen: dict[str, int] = {}
    for row, value in enumerate(ids, 1):
        if value in seen:
            message = f"id {value!r} is also in row {seen[value]}: every unit needs an id of its own"
            raise InputError(message, kind="duplicate-id", file=file, row=row, column=name)
        seen[value] = row
    return ids
