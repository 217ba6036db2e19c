"""`boka-app admin`, `keys`, `sessions`, `locked`, `failed-logins`, `switch`: identity from the command line.

Whoever can run them holds the database's password, so they ask for no other; the audit names the operator.
"""

import argparse
import asyncio
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from boka_app.audit import queries as audit
from boka_app.conventions.model import RowUnknown
from boka_app.database import Connection
from boka_app.identity import invitations, jobs, passwords
from boka_app.identity import queries as accounts
from boka_app.identity.admin import queries
from boka_app.identity.keys import queries as keys
from boka_app.identity.keys.model import EmergencyKey
from boka_app.identity.members import queries as members
from boka_app.settings import load, load_database
from boka_app.tenants.model import OPERATOR, PLATFORM
from boka_app.tenants.queries import enter

Result = tuple[dict[str, Any], str]
Do = Callable[[Connection, argparse.Namespace, datetime], Awaitable[Result]]
_EMAIL = {"email": {"metavar": "EMAIL"}}


def register(commands: Any, add: Callable[..., argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:  # noqa: ANN401  argparse keeps the type to itself
    """Add the commands to the parser of `boka-app`."""
    groups: dict[str, Any] = {}
    for group, name, text, do, options in _COMMANDS:
        if name and group not in groups:
            verbs = "|".join(verb for each, verb, *_ in _COMMANDS if each == group and verb)
            groups[group] = commands.add_parser(group, help=_GROUPS[group]).add_subparsers(required=True, metavar=verbs)
        parser = add(groups[group] if name else commands, name or group, text, _on_platform(do), common)
        for option, how in options.items():
            parser.add_argument(option, **how)


def _on_platform(do: Do) -> Callable[[argparse.Namespace], Result]:
    async def connect_and_do(arguments: argparse.Namespace) -> Result:
        kwargs: dict[str, Any] = load_database(os.environ).connect_kwargs(application="boka-app-cli")
        async with await AsyncConnection.connect(**kwargs, autocommit=True) as conn, conn.transaction():
            await enter(conn, PLATFORM, OPERATOR)
            return await do(conn, arguments, datetime.now(UTC))

    return lambda arguments: asyncio.run(connect_and_do(arguments))


def _listing(name: str, query: Callable[[Connection, datetime], Awaitable[Sequence[Any]]]) -> Do:
    async def do(conn: Connection, _arguments: argparse.Namespace, now: datetime) -> Result:
        rows: list[dict[str, Any]] = [msgspec.to_builtins(row) for row in await query(conn, now)]
        lines = ["  ".join(str(value) for value in row.values()) for row in rows]
        return {name: rows}, "\n".join(["  ".join(rows[0]), *lines]) if rows else f"no {name.replace('_', ' ')}"

    return do


async def _find(conn: Connection, email: str) -> accounts.AccountRow:
    found = await accounts.find_account(conn, email=email.lower())
    if found is None:
        raise RowUnknown(f"account {email}")
    return found


async def _create_admin(conn: Connection, arguments: argparse.Namespace, now: datetime) -> Result:
    email, shown = arguments.email.lower(), None
    account_id = await members.ensure_account(conn, email, arguments.name or email)
    if (await _find(conn, email)).password_hash is None:
        password = sys.stdin.readline().rstrip("\n") if arguments.password_stdin else secrets.token_urlsafe(18)
        passwords.check(password, email.partition("@")[0])
        shown = None if arguments.password_stdin else password
        await accounts.set_password(conn, account_id, await passwords.hash_password(password), now)
    await queries.set_admin(conn, account_id, admin=True)
    await audit.record(conn, "admin.made", account_id)
    facts = {"id": str(account_id), "email": email, "password": shown}
    told = f"\nPassword, shown this once: {shown}" if shown else ""
    return facts, f"{email} is an administrator.{told}\nNext: log in and enrol a second factor at /api/account/mfa"


async def _revoke_admin(conn: Connection, arguments: argparse.Namespace, now: datetime) -> Result:
    found = await _find(conn, arguments.email)
    changed = await queries.revoke_admin(conn, found.id, now)
    text = f"{found.email} is no administrator any more" if changed else f"{found.email} was none"
    return {"email": found.email, "changed": changed}, text


async def _reset_password(conn: Connection, arguments: argparse.Namespace, now: datetime) -> Result:
    found, settings = await _find(conn, arguments.email), load(os.environ)
    link = f"{settings.public_url}{invitations.PATH}/{invitations.issue(settings.signing_keys, found, now)}"
    await audit.record(conn, "account.reset", found.id)
    return {"email": found.email, "link": link}, f"{link}\ngood once, until {now + invitations.LIFE:%Y-%m-%d %H:%M} UTC"


async def _revoke_key(conn: Connection, arguments: argparse.Namespace, now: datetime) -> Result:
    if arguments.id == "all":
        ended = await keys.revoke_keys(conn, now)
        await audit.record(conn, "keys.revoked", PLATFORM, ended=ended)
    else:
        ended = await keys.revoke_keys(conn, now, UUID(arguments.id))
        await audit.record(conn, "key.revoked", UUID(arguments.id))
    return {"revoked": ended}, f"revoked {ended} keys"


async def _emergency_key(conn: Connection, arguments: argparse.Namespace, now: datetime) -> Result:
    wish = msgspec.convert({"reason": arguments.reason, "hours": arguments.hours}, EmergencyKey)
    made = await keys.make_emergency_key(conn, None, wish, now)
    text = f"{made.secret}\nshown this once; good until {made.key.expires_at:%Y-%m-%d %H:%M} UTC"
    return msgspec.to_builtins(made), f"{text}\nNext: boka-app keys revoke {made.key.id}"


async def _force_logout(conn: Connection, arguments: argparse.Namespace, now: datetime) -> Result:
    found = await _find(conn, arguments.email)
    ended = await accounts.revoke_sessions(conn, found.id, "forced", now)
    await audit.record(conn, "sessions.ended", found.id, reason="forced", ended=ended)
    return {"email": found.email, "ended": ended}, f"ended {ended} sessions of {found.email}"


async def _clean_sessions(conn: Connection, _arguments: argparse.Namespace, now: datetime) -> Result:
    sessions, attempts = await jobs.forget(conn, now)
    facts = {"sessions": sessions, "attempts": attempts}
    return facts, f"removed {sessions} ended sessions and {attempts} attempts (5,000 of each at most; run it again)"


async def _unlock(conn: Connection, arguments: argparse.Namespace, _now: datetime) -> Result:
    found = await _find(conn, arguments.email)
    changed = await accounts.forget_failures(conn, found.id)
    await audit.record(conn, "account.unlocked", found.id)
    return {"email": found.email, "changed": changed}, f"{found.email} is unlocked"


async def _turn(conn: Connection, arguments: argparse.Namespace, now: datetime) -> Result:
    enabled = arguments.state == "on"
    await queries.turn(conn, arguments.name, enabled=enabled, reason=arguments.reason, now=now)
    await audit.record(conn, "switch.turned", PLATFORM, name=arguments.name, enabled=enabled)
    return {"name": arguments.name, "enabled": enabled}, f"{arguments.name} is {arguments.state}"


_GROUPS = {
    "admin": "administrators of the platform",
    "keys": "API keys of all tenants and the platform",
    "sessions": "end and forget sessions",
    "locked": "accounts that only known addresses get into",
}
_COMMANDS: tuple[tuple[str, str | None, str, Do, dict[str, dict[str, Any]]], ...] = (
    (
        "admin",
        "create",
        "make an administrator; without --password-stdin a password is made and shown once",
        _create_admin,
        _EMAIL | {"--name": {}, "--password-stdin": {"action": "store_true"}},
    ),
    ("admin", "list", "list administrators", _listing("admins", queries.list_admins), {}),
    ("admin", "revoke", "take the right away and end the sessions", _revoke_admin, _EMAIL),
    ("admin", "reset-password", "print a link that sets an account's password once", _reset_password, _EMAIL),
    ("keys", "list", "list the keys that work", _listing("keys", keys.list_keys), {}),
    ("keys", "revoke", "end one key, or all", _revoke_key, {"id": {"metavar": "ID|all"}}),
    (
        "keys",
        "emergency",
        "make a key of the platform for some hours, shown once",
        _emergency_key,
        {"--reason": {"required": True}, "--hours": {"type": int, "default": 4}},
    ),
    ("sessions", "force-logout", "end all sessions of an account", _force_logout, _EMAIL),
    ("sessions", "clean", "forget old sessions and attempts, as the worker does daily", _clean_sessions, {}),
    ("locked", "list", "list locked accounts", _listing("locked_accounts", queries.locked_accounts), {}),
    ("locked", "unlock", "let unknown addresses try again", _unlock, _EMAIL),
    ("failed-logins", None, "list addresses of failed log-ins", _listing("failed_logins", queries.failed_logins), {}),
    (
        "switch",
        None,
        "turn maintenance or read_only on or off",
        _turn,
        {
            "name": {"choices": ["maintenance", "read_only"]},
            "state": {"choices": ["on", "off"]},
            "--reason": {"default": ""},
        },
    ),
)
