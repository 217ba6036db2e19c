"""`/api/auth` and `/api/account`: log in and out, and what people change about their own account.

The addresses of members, keys and administrators are in the folders beside.
"""

from functools import partial

import falcon
from falcon.asgi import Request, Response

from boka_app.identity import invitations, mfa, queries, service
from boka_app.identity.admin import resource as admin
from boka_app.identity.keys import resource as keys
from boka_app.identity.members import resource as members
from boka_app.identity.model import (
    Account,
    Code,
    Enrolment,
    FirstPassword,
    Forgotten,
    Login,
    NewPassword,
    NotAuthenticated,
    Proof,
    RecoveryCodes,
    Refresh,
    Session,
    Tokens,
)
from boka_app.identity.responding import Call, address, responder
from boka_app.identity.tokens import AccessTokens
from boka_app.parts import Parts, Routes

_LOGIN = ("login-refused", "too-many-attempts")


def routes(parts: Parts) -> Routes:
    """Return the addresses of people and their sessions."""
    on, own = partial(responder, parts), partial(responder, parts, needs="account.self")
    log_in = on(_log_in, "Log in", answer=Tokens, body=Login, problems=("code-missing", *_LOGIN))
    refresh = on(_refresh, "Exchange a refresh token", answer=Tokens, body=Refresh, problems=("token-spent",))
    first_problems = ("token-spent", "password-refused", "too-many-attempts")
    first = on(_set_first, "Set the password of an invited account", body=FirstPassword, problems=first_problems)
    forgotten = on(_send_link, "Ask for a link to set a password", body=Forgotten, status=202)
    password = own(_set_password, "Change one's own password", body=NewPassword, problems=("password-refused", *_LOGIN))
    one = own(_log_out_one, "End one of one's own sessions", problems=("not-found",))
    enrol = own(
        _enrol, "Enrol a second factor", answer=Enrolment, body=Proof, status=201, problems=("mfa-state", *_LOGIN)
    )
    confirm = own(
        _confirm,
        "Confirm the second factor",
        answer=RecoveryCodes,
        body=Code,
        problems=("mfa-state", "login-refused"),
    )
    return [
        ("/api/auth/login", address(post=log_in)),
        ("/api/auth/refresh", address(post=refresh)),
        ("/api/auth/logout", address(post=own(_log_out, "Log out"))),
        ("/api/auth/password", address(post=first)),
        ("/api/auth/password-reset", address(post=forgotten)),
        ("/api/account", address(get=own(_show, "Read one's own account", answer=Account, within="platform"))),
        ("/api/account/password", address(patch=password)),
        (
            "/api/account/sessions",
            address(get=own(_sessions, "List one's own sessions", answer=list[Session], within="platform")),
        ),
        ("/api/account/sessions/{id:uuid}", address(delete=one)),
        ("/api/account/sessions/revoke-all", address(post=own(_log_out_all, "End all of one's own sessions"))),
        ("/api/account/mfa", address(post=enrol)),
        ("/api/account/mfa/confirm", address(post=confirm)),
        (
            "/api/account/mfa/disable",
            address(post=own(_disable, "Disable the second factor", body=Proof, problems=_LOGIN)),
        ),
        *members.routes(parts),
        *keys.routes(parts),
        *admin.routes(parts),
        ("/.well-known/jwks.json", KeySetResource(parts)),
    ]


async def _log_in(call: Call) -> Tokens:
    return await service.log_in(call.parts, call.wish, call.origin)


async def _refresh(call: Call) -> Tokens:
    return await service.refresh(call.parts, call.wish.refresh_token)


async def _log_out(call: Call) -> None:
    await service.log_out(call.parts, call.principal)


async def _log_out_one(call: Call) -> None:
    if not await service.log_out(call.parts, call.principal, call.id):
        raise falcon.HTTPNotFound


async def _log_out_all(call: Call) -> None:
    await service.end_sessions(call.parts, call.principal.actor, call.principal.id, "logout")


async def _set_first(call: Call) -> None:
    await invitations.take_up(call.parts, call.wish)


async def _send_link(call: Call) -> None:
    await invitations.send_link(call.parts, call.wish.email)


async def _set_password(call: Call) -> None:
    await service.change_password(call.parts, call.principal, call.wish, call.origin)


async def _show(call: Call) -> Account:
    found = await queries.find_account(call.conn, id_=call.principal.id)
    if found is None:
        raise NotAuthenticated
    return Account(
        id=found.id,
        email=found.email,
        name=found.name,
        platform_admin=found.platform_admin,
        mfa=found.totp_confirmed_at is not None,
        memberships=await queries.list_memberships(call.conn, found.id),
    )


async def _sessions(call: Call) -> list[Session]:
    return await queries.list_sessions(call.conn, call.principal.id, call.principal.session_id, call.parts.now())


async def _enrol(call: Call) -> Enrolment:
    account = await service.prove(call.parts, call.principal, call.wish.password, call.origin)
    return await mfa.enrol(call.parts, account)


async def _confirm(call: Call) -> RecoveryCodes:
    return RecoveryCodes(recovery_codes=await mfa.confirm(call.parts, call.principal, call.wish.code))


async def _disable(call: Call) -> None:
    await mfa.disable(call.parts, await service.prove(call.parts, call.principal, call.wish.password, call.origin))


class KeySetResource:
    """The public keys of access tokens."""

    def __init__(self, parts: Parts) -> None:
        self._keys = AccessTokens(parts.settings.signing_keys, parts.settings.public_url).public_keys()

    async def on_get(self, _req: Request, resp: Response) -> None:
        """Answer them (RFC 7517); a new key is to be seen here when the first token carries it."""
        resp.cache_control = ["public", "max-age=300"]
        resp.media = self._keys
