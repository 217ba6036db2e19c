"""The second factor: six digits of a moment (RFC 6238), each accepted once, and recovery codes."""

import base64
import hmac
import secrets

from pyotp import random_base32
from pyotp.totp import TOTP

from boka_app.audit import queries as audit
from boka_app.database import Connection, platform_transaction
from boka_app.identity import queries, tokens
from boka_app.identity.model import Enrolment, LoginRefused, MfaState, Principal, RecoveryCodes
from boka_app.identity.queries import AccountRow
from boka_app.parts import Parts

ISSUER = "Boka"  # what the authenticator app shows
_RECOVERY_CODES, _RECOVERY_BYTES = 10, 10  # ten of 80 bits, which need no slow hash
_TOLERANCE = (0, -1, 1)  # steps of 30 s: a clock that is a little off


async def enrol(parts: Parts, account: AccountRow) -> Enrolment:
    """Give the account a second factor that counts once it is confirmed.

    Raises:
        MfaState: it has one in use already.
    """
    if account.mfa:
        raise MfaState("a second factor is in use already; disable it before enrolling another")
    secret = random_base32()
    async with platform_transaction(parts.pool, account.actor) as conn:
        await queries.set_totp(conn, id=account.id, secret=parts.vault.seal(secret))
        await audit.record(conn, "mfa.enrolled", account.id)
    return Enrolment(secret=secret, uri=TOTP(secret, name=account.email, issuer=ISSUER).provisioning_uri())


async def confirm(conn: Connection, parts: Parts, principal: Principal, code: str) -> RecoveryCodes:
    """Take the enrolled factor into use with its first code; return new recovery codes. The session has it given.

    Raises:
        MfaState: none is enrolled, or it is in use already.
        LoginRefused: the code is wrong.
    """
    codes = [_recovery_code() for _ in range(_RECOVERY_CODES)]
    account = await queries.get_account(conn, id=principal.id)
    if account.totp_secret is None or account.mfa:
        raise MfaState("no second factor waits for its first code; enrol one at /api/account/mfa")
    if not await _use_totp(conn, parts, account, code):
        raise LoginRefused
    await queries.confirm_totp(conn, id=account.id, session_id=principal.session_id, now=parts.now())
    await queries.insert_recovery_codes(conn, id=account.id, hashes=[_digest(account, code) for code in codes])
    await audit.record(conn, "mfa.confirmed", account.id)
    return RecoveryCodes(recovery_codes=codes)


async def disable(parts: Parts, account: AccountRow) -> None:
    """Take the second factor and its recovery codes away; sessions go on as without one."""
    async with platform_transaction(parts.pool, account.actor) as conn:
        await queries.remove_totp(conn, id=account.id)
        await audit.record(conn, "mfa.disabled", account.id)


async def use_code(conn: Connection, parts: Parts, account: AccountRow, code: str) -> bool:
    """Tell whether a code is right, and use it up. The transaction must commit."""
    if len(code) == 6:  # noqa: PLR2004  digits; recovery codes are longer
        return await _use_totp(conn, parts, account, code)
    return await queries.use_recovery_code(conn, id=account.id, hash=_digest(account, code), now=parts.now()) == 1


async def _use_totp(conn: Connection, parts: Parts, account: AccountRow, code: str) -> bool:
    totp = TOTP(parts.vault.open(account.totp_secret or b""))
    present = totp.timecode(parts.now())
    steps = [present + off for off in _TOLERANCE if hmac.compare_digest(totp.generate_otp(present + off), code)]
    return bool(steps) and await queries.use_step(conn, id=account.id, step=steps[0]) == 1


def _recovery_code() -> str:
    return base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()


def _digest(account: AccountRow, code: str) -> bytes:
    plain = code.replace("-", "").replace(" ", "").lower()
    return tokens.digest("recovery", f"{account.id} {plain}")
