"""The commands of `boka-app`, each a function below `@command("admin list", "list administrators")`.

It returns facts, for --json, and a text, for people. One that is a coroutine works in a transaction of the platform.
"""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from inspect import iscoroutinefunction
from typing import Any, TypeVar
from uuid import uuid4

import psycopg

from boka_app import logs
from boka_app.settings import load_database
from boka_app.tenants.model import OPERATOR, PLATFORM
from boka_app.tenants.queries import enter

Result = tuple[dict[str, Any], str]
Arguments = argparse.Namespace
_Do = TypeVar("_Do", bound=Callable[..., Result | Awaitable[Result]])
_GROUPS = {
    "migrate": "change the schema, as booking_owner",
    "jobs": "see and repeat the worker's jobs",
    "admin": "administrators of the platform",
    "keys": "API keys of all tenants and the platform",
    "sessions": "end and forget sessions",
    "locked": "accounts that only known addresses get into",
}
_commands: list[tuple[str, str, Callable[[Arguments], Result], tuple[tuple[str, dict[str, Any]], ...]]] = []


def option(name: str, **how: Any) -> tuple[str, dict[str, Any]]:  # noqa: ANN401  as argparse takes it
    """Return an argument of a command, or an option."""
    return name, how


def command(words: str, text: str, *options: tuple[str, dict[str, Any]]) -> Callable[[_Do], _Do]:
    """Add a command of one word, or of a group and a word."""

    def add(do: _Do) -> _Do:
        _commands.append((words, text, _on_platform(do) if iscoroutinefunction(do) else do, options))  # pyright: ignore[reportArgumentType]  else it is none
        return do

    return add


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; `run` of what it parses does the work."""
    found = argparse.ArgumentParser(prog="boka-app", description="Operate the booking service's database.")
    below: dict[str, Any] = {"": found.add_subparsers(required=True, metavar="COMMAND")}
    for words, text, run, options in _commands:
        group, _, name = words.rpartition(" ")
        if group not in below:
            verbs = "|".join(each.partition(" ")[2] for each, *_ in _commands if each.startswith(f"{group} "))
            above = below[""].add_parser(group, help=_GROUPS[group])
            below[group] = above.add_subparsers(required=True, metavar=verbs)
        one = below[group].add_parser(name, help=text)
        one.set_defaults(run=run)
        for argument, how in (option("--json", action="store_true", help="print the result as JSON"), *options):
            one.add_argument(argument, **how)
    return found


def connect() -> psycopg.Connection[Any]:
    """Return a connection as the settings say."""
    kwargs: dict[str, Any] = load_database(os.environ).connect_kwargs(application="boka-app-cli")
    return psycopg.connect(**kwargs, autocommit=True)


def _on_platform(do: Callable[..., Awaitable[Result]]) -> Callable[[Arguments], Result]:
    async def connect_and_do(arguments: Arguments) -> Result:
        logs.request_id.set(f"command-{uuid4().hex}")  # what the audit notes; a command has no request
        kwargs: dict[str, Any] = load_database(os.environ).connect_kwargs(application="boka-app-cli")
        async with await psycopg.AsyncConnection.connect(**kwargs, autocommit=True) as conn, conn.transaction():
            await enter(conn, PLATFORM, OPERATOR)
            return await do(conn, arguments, datetime.now(UTC))

    return lambda arguments: asyncio.run(connect_and_do(arguments))
