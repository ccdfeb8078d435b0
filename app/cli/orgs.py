"""`gridwright org create NAME`, `gridwright org profiles`, `gridwright org list`."""

import asyncio
import json
from functools import partial
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
    profile: Annotated[
        str | None,
        typer.Option(help="Planes and policies to begin with; `gridwright org profiles` lists them."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help='Print {"org","key"} as JSON.')] = False,
) -> None:
    """Make an organisation and the key of its administrator, which is shown this once."""
    from app.cli import fail
    from app.cli.connected import database
    from app.errors import DomainError
    from app.orgs import service
    from app.profiles import service as profiles

    async def make() -> tuple[str, str]:
        furnish = partial(profiles.furnish, profiles.named(profile)) if profile is not None else None
        async with database() as opened:
            org_id, key = await service.create(opened, name, time_zone, furnish)
            return str(org_id), key

    try:
        org_id, key = asyncio.run(make())
    except DomainError as error:
        fail(error.message)
    typer.echo(json.dumps({"org": org_id, "key": key}) if as_json else f"organisation {org_id}\nkey {key}")


@org.command("profiles")
def list_profiles(
    as_json: Annotated[bool, typer.Option("--json", help="Print them whole, as JSON.")] = False,
) -> None:
    """The profiles that an organisation can begin with: its planes, rules, covers and policies."""
    from dataclasses import asdict

    from app.profiles import service

    found = service.every().values()
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        typer.echo(f"{one.name}: {one.case}\n  {one.about}")
        for plane in one.planes:
            typer.echo(
                f"  plane {plane.code} ({plane.kind}): {', '.join(plane.rules)}; {_covered(plane.covers)}"
            )
        typer.echo(f"  policies: {', '.join(one.policies)}")


def _covered(covers: dict[str, list[str]]) -> str:
    parts = [f"{name} {' or '.join(values)}" for name, values in covers.items()]
    return f"covers {' and '.join(parts)}" if parts else "covers everyone"


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
