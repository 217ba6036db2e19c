"""The token that sets a password once: what an invited person gets by e-mail, and whoever lost a password.

It is a signature over the account and the moment its password was last set, so setting one uses it up; none is stored.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from uuid import UUID

from boka_app.audit import queries as audit
from boka_app.database import platform_transaction
from boka_app.identity import passwords, queries
from boka_app.identity.model import FirstPassword, TokenSpent
from boka_app.parts import Parts
from boka_app.tenants.model import Actor
from boka_app.vault import derive

LIFE = timedelta(days=3)


def issue(keys: tuple[bytes, ...], account: queries.AccountRow, now: datetime) -> str:
    """Return the token, good until it is used or three days have passed."""
    content = account.id.bytes + int((now + LIFE).timestamp()).to_bytes(5, "big")
    return urlsafe_b64encode(content + _tag(keys[0], content, account)).decode()  # 69 bytes: no padding


async def take_up(parts: Parts, wish: FirstPassword) -> None:
    """Set the password; all sessions of the account end.

    Raises:
        TokenSpent: the token is not ours, was used, or is too old.
        PasswordRefused: the password is too weak.
    """
    account = await _account_of(parts, wish.token)
    passwords.check(wish.password, account.email.partition("@")[0], account.name)
    hashed = await passwords.hash_password(wish.password)
    async with platform_transaction(parts.pool, account.actor) as conn:
        if not await queries.set_first_password(conn, account.id, hashed, account.password_changed_at, parts.now()):
            raise TokenSpent  # somebody else used it meanwhile
        await queries.revoke_sessions(conn, account.id, "password", parts.now())
        await queries.forget_failures(conn, account.id)
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
        account = await queries.find_account(conn, id_=UUID(bytes=content[:16]))
    if account is None or account.disabled_at is not None:
        raise TokenSpent
    if not any(hmac.compare_digest(tag, _tag(key, content, account)) for key in parts.settings.signing_keys):
        raise TokenSpent
    return account


def _tag(key: bytes, content: bytes, account: queries.AccountRow) -> bytes:
    state = f"{account.password_changed_at.timestamp()}".encode()
    return hmac.digest(derive(key, "invitation"), content + state, "sha256")
