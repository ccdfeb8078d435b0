"""`gridwright openapi` and `gridwright columns`: the reference documents, made from the code."""

import json

import typer


def register(root: typer.Typer) -> None:
    """Add the commands to the root."""
    root.command("openapi")(openapi)
    root.command("columns")(columns)


def openapi() -> None:
    """Print the OpenAPI document of the service (docs/openapi.json)."""
    from app.main import create_app
    from app.settings import Settings

    document = create_app(Settings()).openapi()
    typer.echo(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True))


def columns() -> None:
    """Print the columns of every kind of file with the names they are known by (docs/columns.md)."""
    from geo.columns import ALIASES, NEEDED

    lines = [
        "# Columns of the files",
        "",
        "Printed by `gridwright columns`. Needed columns are bold; of several that would do, one is needed.",
        "Case, surrounding spaces, and hyphens or spaces for underscores do not matter. `mapping` gives a",
        "column another name. Every column that is not here is kept as an attribute.",
    ]
    for kind, names in ALIASES.items():
        needed = {name for groups in NEEDED[kind] for group in groups for name in group}
        lines += ["", f"## {kind}", "", "| column | also understood |", "|---|---|"]
        for name, aliases in names.items():
            shown = f"**{name}**" if name in needed else name
            lines.append(f"| {shown} | {', '.join(aliases)} |")
    typer.echo("\n".join(lines))
