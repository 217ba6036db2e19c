"""The token that sets a password once: what an invited person gets by e-mail, and whoever lost a password.

It is a signature over the account and the moment its password was last set, so setting one uses it up; none is stored.
"""

import asyncio
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from uuid import UUID

from boka_app.audit import queries as audit
from boka_app.database import Connection, platform_transaction
from boka_app.identity import passwords, queries
from boka_app.identity.model import FirstPassword, TokenSpent
from boka_app.identity.service import replace_password
from boka_app.messages.queue import queue
from boka_app.parts import Parts
from boka_app.settings import Settings
from boka_app.tenants.model import Actor
from boka_app.vault import derive

LIFE = timedelta(days=3)
_EVENLY_S = 0.1
PATH = "/staff/password"  # the page that asks for the password, with the token behind it


def issue(keys: tuple[bytes, ...], account: queries.AccountRow, now: datetime) -> str:
    """Return the token, good until it is used or three days have passed."""
    content = account.id.bytes + int((now + LIFE).timestamp()).to_bytes(5, "big")
    return urlsafe_b64encode(content + _tag(keys[0], content, account)).decode()  # 69 bytes: no padding


def link(settings: Settings, account: queries.AccountRow, now: datetime) -> str:
    """Return the address at which the account sets its password."""
    return f"{settings.public_url}{PATH}/{issue(settings.signing_keys, account, now)}"


async def invite(conn: Connection, parts: Parts, account_id: UUID) -> None:
    """Write to a new member of the entered tenant: with a link to set a password, or to log in who has one."""
    account, settings, now = await queries.get_account(conn, id=account_id), parts.settings, parts.now()
    address = f"{settings.public_url}/staff/login" if account.password_hash else link(settings, account, now)
    await queue(conn, "member.invited", account_id, now=now, secret=parts.vault.seal(address))


async def send_link(parts: Parts, email: str) -> None:
    """Write to an account that forgot its password; nobody learns whether there is one, nor from the time."""
    # Side by side with a pause that outlasts the work.
    await asyncio.gather(_send_link(parts, email), asyncio.sleep(_EVENLY_S))


async def _send_link(parts: Parts, email: str) -> None:
    async with platform_transaction(parts.pool, Actor("account")) as conn:
        account = await queries.find_account(conn, email=email.lower())
        if account is not None and account.disabled_at is None:
            await queue_link(conn, parts, account.id)


async def queue_link(conn: Connection, parts: Parts, account_id: UUID) -> None:
    """Write to an account how to set its password, once an hour at most."""
    account, now = await queries.get_account(conn, id=account_id), parts.now()
    once = f"account.password:{account_id}:{now:%Y-%m-%dT%H}"
    sealed = parts.vault.seal(link(parts.settings, account, now))
    await queue(conn, "account.password", account_id, now=now, dedupe_key=once, secret=sealed)


async def take_up(parts: Parts, wish: FirstPassword) -> None:
    """Set the password; all sessions of the account end.

    Raises:
        TokenSpent: the token is not ours, was used, or is too old.
        PasswordRefused: the password is too weak.
    """
    account = await _account_of(parts, wish.token)
    hashed = await passwords.hash_new(wish.password, account.email, account.name)
    async with platform_transaction(parts.pool, account.actor) as conn:
        if not await replace_password(conn, account, hashed, parts.now(), before=account.password_changed_at):
            raise TokenSpent  # somebody else used it meanwhile
        await queries.forget_failures(conn, id=account.id)
        await audit.record(conn, "account.password_set", account.id)


async def _account_of(parts: Parts, token: str) -> queries.AccountRow:
    try:
        raw = urlsafe_b64decode(token)
    except ValueError as err:
        raise TokenSpent from err
    content, tag = raw[:21], raw[21:]
    if len(content) < 21 or int.from_bytes(content[16:], "big") < parts.now().timestamp():  # noqa: PLR2004  as made above
        raise TokenSpent
    async with platform_transaction(parts.pool, Actor("account")) as conn:
        account = await queries.find_account(conn, id=UUID(bytes=content[:16]))
    if account is None or account.disabled_at is not None:
        raise TokenSpent
    if not any(hmac.compare_digest(tag, _tag(key, content, account)) for key in parts.settings.signing_keys):
        raise TokenSpent
    return account


def _tag(key: bytes, content: bytes, account: queries.AccountRow) -> bytes:
    state = f"{account.password_changed_at.timestamp()}".encode()
    return hmac.digest(derive(key, "invitation"), content + state, "sha256")
