"""`gridwright org create NAME`, `gridwright org list`."""

import asyncio
import json
from typing import Annotated

import typer

org = typer.Typer(help="Organisations and their first keys.", no_args_is_help=True)


def register(root: typer.Typer) -> None:
    """Add the commands to the root."""
    root.add_typer(org, name="org")


@org.command()
def create(
    name: Annotated[str, typer.Argument(help="The organisation's name; no other may have it.")],
    time_zone: Annotated[str, typer.Option(help="Its days begin at midnight here.")] = "Asia/Shanghai",
    as_json: Annotated[bool, typer.Option("--json", help='Print {"org","key"} as JSON.')] = False,
) -> None:
    """Make an organisation and the key of its administrator, which is shown this once."""
    from app.cli import fail
    from app.cli.connected import database
    from app.errors import DomainError
    from app.orgs import service

    async def make() -> tuple[str, str]:
        async with database() as opened:
            org_id, key = await service.create(opened, name, time_zone)
            return str(org_id), key

    try:
        org_id, key = asyncio.run(make())
    except DomainError as error:
        fail(error.message)
    typer.echo(json.dumps({"org": org_id, "key": key}) if as_json else f"organisation {org_id}\nkey {key}")


@org.command("list")
def list_organisations(
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """All organisations, by name."""
    from app.cli.connected import database
    from app.orgs import service

    async def find() -> list[service.Organisation]:
        async with database() as opened:
            return await service.every(opened)

    found = asyncio.run(find())
    if as_json:
        rows = [{"org": str(one.org_id), "name": one.name, "time_zone": one.time_zone} for one in found]
        typer.echo(json.dumps(rows, ensure_ascii=False))
    else:
        for one in found:
            typer.echo(f"{one.org_id}  {one.name}  ({one.time_zone})")
