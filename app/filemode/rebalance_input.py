"""The files of a redraw as a problem: units, neighbours, barriers, targets."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from app.filemode.rebalance_checks import (
    check_classes,
    check_move_weight,
    check_options,
    check_stay,
)
from app.filemode.rebalance_columns import (
    COUNTED,
    chosen_grids,
    filled_text,
    grid_classes,
    no_mixed_grids,
    parse_weight,
    read_classes,
    read_counts,
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
    check_options(options)
    table = open_table(options.units)
    data = _read(table, options)
    file = str(options.units)
    ids = _ids(data[options.id_column], file, options.id_column)
    n = len(ids)
    weights, tolerance, names, balanced = read_weights(data, options, file, n)
    kinds, unit_class = read_classes(data, options, n)
    counts = read_counts(data)
    move = names.index(options.move_weight or names[0])
    check_move_weight(weights[:, move], names[move], file)
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
        if options.grids > n:
            message = f"--grids {options.grids}: more than the {n} units there are"
            raise InputError(message, kind="bad-option", file=file)
        problem = Problem(
            weights=weights,
            edges=edges,
            current=None,
            n_grids=options.grids,
            tolerance=np.array(tolerance),
            edge_length=lengths,
            xy=xy,
            unit_class=unit_class,
            move_weight=move,
        )
        codes = [str(i + 1) for i in range(options.grids)]
        return Case(problem, Names(ids, codes, names, kinds, balanced, counts), None, shapes)
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
    chosen_grids(options.dissolve, index, len(codes), "--dissolve")
    stay = ~np.isin(codes, list(options.dissolve))
    check_stay(codes, current, unit_class, grid_class, stay, locked, kinds, options.lock_grids, ids)
    if options.targets is None:
        check_classes(weights, tolerance, names, unit_class, kinds, file)
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
        move_weight=move,
    )
    return Case(problem, Names(ids, codes, names, kinds, balanced, counts), before, shapes)


def _read(table: Table, options: Options) -> Any:
    wanted = [options.id_column]
    if options.grids is None:
        wanted.append(options.grid_column or "grid")
    wanted += [parse_weight(w, options.tolerance)[0] for w in options.weights]
    wanted += [c for c in (options.class_column, options.group_column, options.locked_column) if c]
    wanted += [options.move_weight] if options.move_weight and options.move_weight != "units" else []
    wanted += ["geometry"] if table.has_geometry else []
    wanted += [c for c in COUNTED if c in table.names]
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
