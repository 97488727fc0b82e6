"""Commands about the results API: where it is, and its keys."""

from __future__ import annotations

from typing import Annotated

import typer

from lake.api_keys import USUAL_BURST, USUAL_RATE
from lake_cli.options import DEFAULT_ENV, AsJson, Env, Profile, lake

commands = typer.Typer()
keys = typer.Typer(no_args_is_help=True, help="Keys of the results API.")
PANEL = "Results"
commands.add_typer(keys, name="api-key", rich_help_panel=PANEL)
COLUMNS = ("name", "created_at", "rate", "burst", "expires", "hash")
Name = Annotated[str, typer.Argument(metavar="NAME", help="Who or what the key is for.")]
NOTED = "note it down: it is kept nowhere, and not shown again"


@commands.command(rich_help_panel=PANEL)
def api(json: AsJson = False, env: Env = DEFAULT_ENV, profile: Profile = None) -> None:
    """Show where the page and the API of results are; on the laptop also a key (an object)."""
    from json import dumps

    from lake.client.endpoints import of_file
    from lake_cli.deployment import deployment_file

    with lake(env, profile):
        url, key = of_file(deployment_file(env).absolute(), env)
    if json:
        print(dumps({"url": url, "key": key}))
        return
    print(f"the page    {url}{f'#key={key}' if key else ''}")
    print(f"the API     {url}v1/results")
    print(f"try it      {url}docs")
    print(f"a key       {key or 'make one: lake api-key new NAME'}")


@keys.command("new", epilog="Example: lake api-key new dashboards --rate 20 --burst 40")
def new(
    name: Name,
    rate: Annotated[float, typer.Option("--rate", min=0.1, help="Requests a second.")] = USUAL_RATE,
    burst: Annotated[int, typer.Option("--burst", min=1, help="Requests at once.")] = USUAL_BURST,
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="Let it end after so many days.")
    ] = None,
    json: AsJson = False,
    env: Env = DEFAULT_ENV,
    profile: Profile = None,
) -> None:
    """Make a key and show it, once."""
    from lake_cli import api_keys

    with lake(env, profile) as deployment:
        text = api_keys.make(deployment, name, rate, burst, days)
    _tell(name, text, json)


@keys.command("list")
def list_(json: AsJson = False, env: Env = DEFAULT_ENV, profile: Profile = None) -> None:
    """Show which keys there are; their texts are kept nowhere."""
    from lake_cli import api_keys
    from lake_cli.tables import as_table
    from lake_cli.views import as_json

    with lake(env, profile) as deployment:
        rows = [api_keys.row(key) for key in api_keys.listed(deployment)]
    if json:
        as_json(rows)
        return
    as_table(rows, COLUMNS, nothing="there is no key: lake api-key new NAME")


@keys.command("revoke")
def revoke(
    name: Name, json: AsJson = False, env: Env = DEFAULT_ENV, profile: Profile = None
) -> None:
    """Let a key open nothing any more, within ten seconds."""
    from lake_cli import api_keys
    from lake_cli.views import as_json

    with lake(env, profile) as deployment:
        found = api_keys.called(deployment, name)
        api_keys.end(deployment, found)
    if json:
        as_json([{"name": name, "revoked": len(found)}])
        return
    print(f"'{name}' opens nothing any more")


@keys.command("rotate", epilog="Example: lake api-key rotate dashboards --keep-minutes 60")
def rotate(
    name: Name,
    keep_minutes: Annotated[
        int, typer.Option("--keep-minutes", min=0, help="How long the old key still opens.")
    ] = 0,
    json: AsJson = False,
    env: Env = DEFAULT_ENV,
    profile: Profile = None,
) -> None:
    """Make a new key in place of an old one and show it, once."""
    from lake_cli import api_keys

    with lake(env, profile) as deployment:
        text = api_keys.rotate(deployment, name, keep_minutes)
    _tell(name, text, json)


def _tell(name: str, text: str, json: bool) -> None:
    from lake_cli.views import as_json, say

    if json:
        as_json([{"name": name, "key": text}])
        return
    print(text)
    say(NOTED)
