"""`boka-app admin`, `keys`, `sessions`, `locked`, `failed-logins`, `switch`: identity from the command line.

Whoever can run them holds the database's password, so they ask for no other; the audit names the operator.
"""

import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from boka_app.audit import queries as audit
from boka_app.command import Arguments, Result, command, option
from boka_app.conventions.model import RowUnknown
from boka_app.database import Connection
from boka_app.identity import invitations, jobs, passwords, service
from boka_app.identity import queries as accounts
from boka_app.identity.admin import queries
from boka_app.identity.keys import queries as keys
from boka_app.identity.keys.model import EmergencyKey
from boka_app.identity.members import queries as members
from boka_app.settings import load

_EMAIL = option("email", metavar="EMAIL")


def _listing(words: str, text: str, name: str, query: Callable[..., Awaitable[Sequence[Any]]]) -> None:
    @command(words, text)
    async def _(conn: Connection, _arguments: Arguments, now: datetime) -> Result:
        rows: list[dict[str, Any]] = [msgspec.to_builtins(row) for row in await query(conn, now=now)]
        lines = ["  ".join(str(value) for value in row.values()) for row in rows]
        return {name: rows}, "\n".join(["  ".join(rows[0]), *lines]) if rows else f"no {name.replace('_', ' ')}"


async def _find(conn: Connection, email: str) -> accounts.AccountRow:
    found = await accounts.find_account(conn, email=email.lower())
    if found is None:
        raise RowUnknown(f"account {email}")
    return found


@command(
    "admin create",
    "make an administrator; without --password-stdin a password is made and shown once",
    _EMAIL,
    option("--name"),
    option("--password-stdin", action="store_true"),
)
async def _create_admin(conn: Connection, arguments: Arguments, now: datetime) -> Result:
    email, shown = arguments.email.lower(), None
    account_id = await members.ensure_account(conn, email, arguments.name or email)
    if (await _find(conn, email)).password_hash is None:
        password = sys.stdin.readline().rstrip("\n") if arguments.password_stdin else secrets.token_urlsafe(18)
        hashed = await passwords.hash_new(password, email)
        shown = None if arguments.password_stdin else password
        await accounts.set_password(conn, id=account_id, password_hash=hashed, now=now)
    await queries.set_admin(conn, id=account_id, admin=True)
    await audit.record(conn, "admin.made", account_id)
    facts = {"id": str(account_id), "email": email, "password": shown}
    told = f"\nPassword, shown this once: {shown}" if shown else ""
    return facts, f"{email} is an administrator.{told}\nNext: log in and enrol a second factor at /api/account/mfa"


_listing("admin list", "list administrators", "admins", queries.list_admins)


@command("admin revoke", "take the right away and end the sessions", _EMAIL)
async def _revoke_admin(conn: Connection, arguments: Arguments, now: datetime) -> Result:
    found = await _find(conn, arguments.email)
    changed = await queries.revoke_admin(conn, found.id, now)
    text = f"{found.email} is no administrator any more" if changed else f"{found.email} was none"
    return {"email": found.email, "changed": changed}, text


@command("admin reset-password", "print a link that sets an account's password once", _EMAIL)
async def _reset_password(conn: Connection, arguments: Arguments, now: datetime) -> Result:
    found = await _find(conn, arguments.email)
    link = invitations.link(load(os.environ), found, now)
    await audit.record(conn, "account.reset", found.id)
    return {"email": found.email, "link": link}, f"{link}\ngood once, until {now + invitations.LIFE:%Y-%m-%d %H:%M} UTC"


_listing("keys list", "list the keys that work", "keys", keys.list_keys)


@command("keys revoke", "end one key, or all", option("id", metavar="ID|all"))
async def _revoke_key(conn: Connection, arguments: Arguments, now: datetime) -> Result:
    ended = await keys.revoke_keys(conn, now, None if arguments.id == "all" else UUID(arguments.id))
    return {"revoked": ended}, f"revoked {ended} keys"


@command(
    "keys emergency",
    "make a key of the platform for some hours, shown once",
    option("--reason", required=True),
    option("--hours", type=int, default=4),
)
async def _emergency_key(conn: Connection, arguments: Arguments, now: datetime) -> Result:
    wish = msgspec.convert({"reason": arguments.reason, "hours": arguments.hours}, EmergencyKey)
    made = await keys.make_emergency_key(conn, None, wish, now)
    text = f"{made.secret}\nshown this once; good until {made.key.expires_at:%Y-%m-%d %H:%M} UTC"
    return msgspec.to_builtins(made), f"{text}\nNext: boka-app keys revoke {made.key.id}"


@command("sessions force-logout", "end all sessions of an account", _EMAIL)
async def _force_logout(conn: Connection, arguments: Arguments, now: datetime) -> Result:
    found = await _find(conn, arguments.email)
    ended = await service.end_sessions(conn, found.id, "forced", now)
    return {"email": found.email, "ended": ended}, f"ended {ended} sessions of {found.email}"


@command("sessions clean", "forget old sessions and attempts, as the worker does daily")
async def _clean_sessions(conn: Connection, _arguments: Arguments, now: datetime) -> Result:
    sessions, attempts = await jobs.forget(conn, now)
    facts = {"sessions": sessions, "attempts": attempts}
    return facts, f"removed {sessions} ended sessions and {attempts} attempts (5,000 of each at most; run it again)"


_listing("locked list", "list locked accounts", "locked_accounts", queries.list_locked_accounts)


@command("locked unlock", "let unknown addresses try again", _EMAIL)
async def _unlock(conn: Connection, arguments: Arguments, _now: datetime) -> Result:
    found = await _find(conn, arguments.email)
    changed = await queries.unlock(conn, found.id)
    return {"email": found.email, "changed": changed}, f"{found.email} is unlocked"


_listing("failed-logins", "list addresses of failed log-ins", "failed_logins", queries.list_failed_logins)


@command(
    "switch",
    "turn maintenance or read_only on or off",
    option("name", choices=["maintenance", "read_only"]),
    option("state", choices=["on", "off"]),
    option("--reason", default=""),
)
async def _turn(conn: Connection, arguments: Arguments, now: datetime) -> Result:
    enabled = arguments.state == "on"
    await queries.turn(conn, arguments.name, now, enabled=enabled, reason=arguments.reason)
    return {"name": arguments.name, "enabled": enabled}, f"{arguments.name} is {arguments.state}"
