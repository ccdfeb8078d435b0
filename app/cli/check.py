"""`gridwright check GRIDS`."""

import json
from pathlib import Path
from typing import Annotated

import typer


def register(root: typer.Typer) -> None:
    """Add the command to the root."""
    root.command("check")(check)


def check(
    grids: Annotated[Path, typer.Argument(help="Grids: .gpkg .geojson .shp .fgb .parquet .csv")],
    code_column: Annotated[str | None, typer.Option(help="Column with the codes [default: code].")] = None,
    grids_crs: Annotated[str | None, typer.Option(help="CRS of the grids, over what the file says.")] = None,
    extent: Annotated[Path | None, typer.Option(help="Polygons that ought to be covered.")] = None,
    exclusions: Annotated[Path | None, typer.Option(help="Polygons that need not be covered.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of a CSV or Shapefile [default: found out].")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Find overlaps, gaps, uncovered land, invalid rings, slivers and repeated codes.

    Exit status 1: an error was found (warnings alone leave it 0).
    """
    from app.filemode import check as mode
    from geo.coverage import finding_to_json

    done = mode.check(
        grids,
        code_column=code_column,
        grids_crs=grids_crs,
        extent=extent,
        exclusions=exclusions,
        encoding=encoding,
    )
    if as_json:
        findings = [finding_to_json(f) for f in done.findings]
        document = {"valid": done.valid, "grids": done.grids, "findings": findings}
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        for f in done.findings:
            codes = " ".join(f.codes[:8]) + (" …" if len(f.codes) > 8 else "")
            more = f" ({f.detail})" if f.detail else ""
            typer.echo(f"{f.severity}: {f.kind} {codes} {f.area_m2:,.2f} m²{more}".replace("  ", " "))
        errors = sum(f.severity == "error" for f in done.findings)
        warnings = len(done.findings) - errors
        typer.echo(f"{done.grids} grids: {errors} errors, {warnings} warnings")
    raise typer.Exit(0 if done.valid else 1)
