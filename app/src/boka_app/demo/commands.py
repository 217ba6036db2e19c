"""`boka-app seed-demo` and `seed-load`: something to look at, and something to measure on."""

import argparse
import asyncio
import os
import secrets
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from boka_app.demo.load import load
from boka_app.demo.seed import OWNER, SLUG, seed
from boka_app.identity import passwords
from boka_app.settings import load_database

Result = tuple[dict[str, Any], str]
_NO_LIMIT = "set statement_timeout = 0"  # a batch on a busy machine; nobody waits for it


def register(commands: Any, add: Callable[..., argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:  # noqa: ANN401  argparse keeps the type to itself
    """Add the commands to the parser of `boka-app`."""
    demo = add(commands, "seed-demo", "make the tenant demo, once", _seed_demo, common)
    how = demo.add_mutually_exclusive_group()
    how.add_argument("--password-stdin", action="store_true", help=f"make {OWNER}, the password is read from stdin")
    how.add_argument("--make-password", action="store_true", help=f"make {OWNER}, the password is shown once")
    many = add(commands, "seed-load", "make tenants and appointments to measure on", _seed_load, common)
    for name, default in (("tenants", 1), ("employees", 10), ("appointments", 10_000)):
        many.add_argument(f"--{name}", type=_count, default=default, metavar="N", help=f"{default} unless told")


def _seed_demo(arguments: argparse.Namespace) -> Result:
    password, shown = _password(arguments)
    hashed = None
    if password is not None:
        passwords.check(password, SLUG)
        hashed = asyncio.run(passwords.hash_password(password))
    with _connect() as conn:
        new = seed(conn, password_hash=hashed)
    text = f"tenant {SLUG}: {sum(new.values())} new rows. See it at /b/{SLUG}"
    if not new.get("account"):
        return {"tenant": SLUG, "new": new}, text
    told = f", password, shown this once: {password}" if shown else ""
    facts = {"tenant": SLUG, "new": new, "owner": OWNER, "password": password if shown else None}
    return facts, f"{text}\nLog in at /staff as {OWNER}{told}"


def _password(arguments: argparse.Namespace) -> tuple[str | None, bool]:
    """Return the owner's password, and whether to show it; none unless asked for or given as a credential."""
    given = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent")) / "demo_password"
    if arguments.password_stdin:
        return sys.stdin.readline().rstrip("\n"), False
    if arguments.make_password:
        return secrets.token_urlsafe(18), True
    return (given.read_text().removesuffix("\n"), False) if given.is_file() else (None, False)


def _seed_load(arguments: argparse.Namespace) -> Result:
    began = time.monotonic()
    wanted = {"tenants": arguments.tenants, "employees": arguments.employees, "appointments": arguments.appointments}
    with _connect() as conn:
        conn.execute(_NO_LIMIT)
        slugs = load(conn, **wanted, now=datetime.now(UTC), tell=_tell)
    took = round(time.monotonic() - began, 1)
    text = f"{len(slugs)} tenants, {arguments.appointments} appointments in {took} s. The first: {slugs[0]}"
    return {"slugs": slugs, "seconds": took} | wanted, text


def _tell(done: int) -> None:
    print(f"{done} appointments", file=sys.stderr)  # noqa: T201  how far it is


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 10_000_000:  # noqa: PLR2004  beyond, a mistyped number
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 to 10 million")
    return number


def _connect() -> psycopg.Connection[Any]:
    kwargs: dict[str, Any] = load_database(os.environ).connect_kwargs(application="boka-app-cli")
    return psycopg.connect(**kwargs, autocommit=True)
