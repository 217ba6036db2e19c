"""`boka-app seed-demo` and `seed-load`: something to look at, and something to measure on."""

import argparse
import asyncio
import os
import secrets
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from boka_app.command import Arguments, Result, command, connect, option
from boka_app.demo.load import load
from boka_app.demo.seed import OWNER, SLUG, seed
from boka_app.identity import passwords

_NO_LIMIT = "set statement_timeout = 0"  # a batch on a busy machine; nobody waits for it


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 10_000_000:  # noqa: PLR2004  beyond, a mistyped number
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 to 10 million")
    return number


_SIZES = {"tenants": 1, "employees": 10, "appointments": 10_000}
_HOW_MANY = [
    option(f"--{name}", type=_count, default=usual, metavar="N", help=f"{usual} unless told")
    for name, usual in _SIZES.items()
]


@command(
    "seed-demo",
    "make the tenant demo, once",
    option(
        "--password-stdin",
        action="store_true",
        help=f"make {OWNER}, the password is read from stdin, whatever else is asked for",
    ),
    option("--make-password", action="store_true", help=f"make {OWNER}, the password is shown once"),
)
def _seed_demo(arguments: Arguments) -> Result:
    password, shown = _password(arguments)
    hashed = None
    if password is not None:
        passwords.check(password, SLUG)
        hashed = asyncio.run(passwords.hash_password(password))
    with connect() as conn:
        new = seed(conn, password_hash=hashed)
    text = f"tenant {SLUG}: {sum(new.values())} new rows. See it at /b/{SLUG}"
    if not new.get("account"):
        return {"tenant": SLUG, "new": new}, text
    told = f", password, shown this once: {password}" if shown else ""
    facts = {"tenant": SLUG, "new": new, "owner": OWNER, "password": password if shown else None}
    return facts, f"{text}\nLog in at /staff as {OWNER}{told}"


def _password(arguments: Arguments) -> tuple[str | None, bool]:
    """Return the owner's password, and whether to show it; none unless asked for or given as a credential."""
    given = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent")) / "demo_password"
    if arguments.password_stdin:
        return sys.stdin.readline().rstrip("\n"), False
    if arguments.make_password:
        return secrets.token_urlsafe(18), True
    return (given.read_text().removesuffix("\n"), False) if given.is_file() else (None, False)


@command("seed-load", "make tenants and appointments to measure on", *_HOW_MANY)
def _seed_load(arguments: Arguments) -> Result:
    began = time.monotonic()
    wanted: dict[str, int] = {name: getattr(arguments, name) for name in _SIZES}
    with connect() as conn:
        conn.execute(_NO_LIMIT)
        slugs = load(conn, **wanted, now=datetime.now(UTC), tell=_tell)
    took = round(time.monotonic() - began, 1)
    text = f"{len(slugs)} tenants, {arguments.appointments} appointments in {took} s. The first: {slugs[0]}"
    return {"slugs": slugs, "seconds": took} | wanted, text


def _tell(done: int) -> None:
    print(f"{done} appointments", file=sys.stderr)  # noqa: T201  how far it is
