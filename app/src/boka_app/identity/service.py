"""Log in, stay logged in, log out: for programs with tokens and for browsers with a cookie."""

from datetime import datetime, timedelta
from math import ceil
from uuid import UUID, uuid4

from boka_app import metrics
from boka_app.audit import queries as audit
from boka_app.database import Connection, platform_transaction
from boka_app.identity import mfa, model, passwords, queries, rules, tokens
from boka_app.identity.cookie import BROWSER
from boka_app.identity.queries import AccountRow
from boka_app.parts import Parts
from boka_app.tenants.model import Actor

BROWSER_LIFE = timedelta(hours=12)  # a working day
REFRESH_LIFE, LONGEST_LIFE = timedelta(days=14), timedelta(days=90)  # since the last use, and in all
_GRACE = timedelta(seconds=10)  # a client whose answer got lost may show the token before once more
_NOBODY = Actor("account")


async def log_in(parts: Parts, login: model.Login, origin: model.Origin) -> model.Tokens:
    """Begin a program's session.

    Raises:
        LoginRefused, CodeMissing, TooManyAttempts: it is not let in.
    """
    family, secret = tokens.new_secret(), tokens.new_secret()
    account_id, session_id = await _begin(
        parts, login, origin, secret_hash=tokens.digest("refresh", secret), family_hash=tokens.digest("family", family)
    )
    return _pair(parts, account_id, session_id, f"{family}.{secret}")


async def log_in_browser(parts: Parts, login: model.Login, origin: model.Origin) -> str:
    """Begin a browser's session and return the secret that `cookie.give` puts into its cookie.

    Raises:
        LoginRefused, CodeMissing, TooManyAttempts: it is not let in.
    """
    secret = tokens.new_secret()
    await _begin(parts, login, origin, secret_hash=tokens.digest(BROWSER, secret), family_hash=None)
    return secret


async def log_out(conn: Connection, principal: model.Principal, now: datetime, session_id: UUID | None = None) -> bool:
    """End one session of the account, the present one unless told; tell whether it lived."""
    only = session_id or principal.session_id
    return await queries.revoke_sessions(conn, account_id=principal.id, reason="logout", now=now, only=only) == 1


async def end_sessions(conn: Connection, account_id: UUID, reason: str, now: datetime) -> int:
    """End all sessions of an account, on every host with its next request; return how many."""
    ended = await queries.revoke_sessions(conn, account_id=account_id, reason=reason, now=now)
    await audit.record(conn, "sessions.ended", account_id, reason=reason, ended=ended)
    return ended


async def refresh(parts: Parts, token: str) -> model.Tokens:
    """Exchange a refresh token for the next pair. An old one ends the session: two hold it, and one is a thief.

    Raises:
        TokenSpent: the token is not the newest of a live session.
    """
    family_secret, _, secret = token.partition(".")
    now, shown, following = parts.now(), tokens.digest("refresh", secret), tokens.new_secret()
    async with platform_transaction(parts.pool, _NOBODY) as conn:
        family = await queries.lock_family(conn, family_hash=tokens.digest("family", family_secret), now=now)
        if family is None:
            raise model.TokenSpent
        newest = shown == family.secret_hash or (shown == family.previous_hash and now - family.last_used_at <= _GRACE)
        if newest:
            expires_at = min(now + REFRESH_LIFE, family.created_at + LONGEST_LIFE)
            hashed = tokens.digest("refresh", following)
            await queries.rotate(conn, id=family.id, secret_hash=hashed, now=now, expires_at=expires_at)
        else:
            await queries.revoke_sessions(conn, account_id=family.account_id, reason="reuse", now=now, only=family.id)
            await audit.record(conn, "session.reused", family.account_id, session_id=str(family.id))
    if not newest:
        raise model.TokenSpent
    return _pair(parts, family.account_id, family.id, f"{family_secret}.{following}")


async def change_password(
    parts: Parts, principal: model.Principal, new: model.NewPassword, origin: model.Origin
) -> None:
    """Replace one's password; every other session of the account ends.

    Raises:
        LoginRefused, TooManyAttempts: the present password is wrong.
        PasswordRefused: the new one is too weak.
    """
    account = await prove(parts, principal, new.current_password, origin)
    hashed = await passwords.hash_new(new.password, account.email, account.name)
    async with platform_transaction(parts.pool, principal.actor) as conn:
        await replace_password(conn, account, hashed, parts.now(), but=principal.session_id)
        await audit.record(conn, "account.password_changed", account.id)


async def replace_password(
    conn: Connection,
    account: AccountRow,
    hashed: str,
    now: datetime,
    *,
    but: UUID | None = None,
    before: datetime | None = None,
) -> bool:
    """End an account's sessions but one, and set its password; unless it is another's than that of `before` by now."""
    await queries.revoke_sessions(conn, account_id=account.id, reason="password", now=now, but=but)
    return await queries.set_password(conn, id=account.id, password_hash=hashed, now=now, before=before) == 1


async def prove(parts: Parts, principal: model.Principal, password: str, origin: model.Origin) -> AccountRow:
    """Ask a logged-in person for the password again; return the account.

    Raises:
        LoginRefused, TooManyAttempts: it is wrong, or was too often.
    """
    async with platform_transaction(parts.pool, principal.actor) as conn:
        found = await queries.get_account(conn, id=principal.id)
    account, attempt_id = await _check_password(parts, found.email, password, origin)
    async with platform_transaction(parts.pool, principal.actor) as conn:
        await queries.forget_attempt(conn, id=attempt_id)
    return account


async def _begin(
    parts: Parts, login: model.Login, origin: model.Origin, *, secret_hash: bytes, family_hash: bytes | None
) -> tuple[UUID, UUID]:
    """Check everything about a log-in and insert its session; return account and session."""
    account, attempt_id = await _check_password(parts, login.email, login.password, origin)
    again = await passwords.hash_password(login.password) if passwords.outdated(account.password_hash or "") else None
    now, session_id = parts.now(), uuid4()
    async with platform_transaction(parts.pool, account.actor) as conn:
        outcome = await _check_code(conn, parts, account, login.code)
        if outcome == "code_missing":  # no failure: people are asked for the code in a second step
            await queries.forget_attempt(conn, id=attempt_id)
        else:
            await queries.end_attempt(conn, id=attempt_id, outcome=outcome)
        if outcome == "wrong_code":
            await queries.count_failure(conn, account.id, now)
        if outcome == "succeeded":
            # The owner comes from a known address; the lock stays for those who made it necessary.
            await queries.forget_failures(conn, id=account.id, unless_locked_at=now)
            if again:
                await queries.set_password(conn, id=account.id, password_hash=again)
            keys = {"id": session_id, "account_id": account.id, "secret_hash": secret_hash, "family_hash": family_hash}
            where = {"address": origin.address, "user_agent": origin.user_agent[:200]}
            times = {"now": now, "expires_at": now + (REFRESH_LIFE if family_hash else BROWSER_LIFE)}
            await queries.insert_session(conn, **keys, **where, **times, mfa=account.mfa)
    metrics.LOGINS.labels(outcome).inc()
    if outcome == "code_missing":
        raise model.CodeMissing
    if outcome != "succeeded":
        raise model.LoginRefused
    return account.id, session_id


async def _check_password(parts: Parts, email: str, password: str, origin: model.Origin) -> tuple[AccountRow, int]:
    """Return the account and the attempt, which counts as failed until somebody ends it."""
    now, email = parts.now(), email.strip().lower()
    email_hash = tokens.digest("email", email)
    async with platform_transaction(parts.pool, _NOBODY) as conn:
        history = await queries.weigh(conn, email, email_hash, origin.address, now)
        refused = rules.refusal(history, now)
        if refused is not None:
            metrics.LOGINS.labels(refused[0]).inc()
            raise model.TooManyAttempts(ceil(refused[1].total_seconds()))
        account = await queries.find_account(conn, email=email)
        facts = {"account_id": account and account.id, "email_hash": email_hash, "address": origin.address, "now": now}
        attempt_id = await queries.begin_attempt(conn, **facts, outcome="wrong_password" if account else "unknown")
    right = await passwords.matches(account and account.password_hash, password)
    if right and account and account.disabled_at is None:
        return account, attempt_id
    async with platform_transaction(parts.pool, _NOBODY) as conn:
        if right:
            await queries.end_attempt(conn, id=attempt_id, outcome="disabled")
        elif account:
            await queries.count_failure(conn, account.id, now)
        else:  # writes as well, else the commit's speed would tell that there is no such account
            await queries.end_attempt(conn, id=attempt_id, outcome="unknown")
    metrics.LOGINS.labels("disabled" if right else "wrong_password").inc()
    raise model.LoginRefused


async def _check_code(conn: Connection, parts: Parts, account: AccountRow, code: str | None) -> str:
    if account.mfa and code is None:
        return "code_missing"
    return "succeeded" if not account.mfa or await mfa.use_code(conn, parts, account, code or "") else "wrong_code"


def _pair(parts: Parts, account_id: UUID, session_id: UUID, refresh_token: str) -> model.Tokens:
    settings, now = parts.settings, parts.now()
    signer = tokens.AccessTokens(settings.signing_keys, settings.public_url)
    return model.Tokens(
        access_token=signer.issue(account_id, session_id, now),
        refresh_token=refresh_token,
        expires_in=int(tokens.ACCESS_LIFE.total_seconds()),
    )
