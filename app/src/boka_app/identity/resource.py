"""`/api/auth` and `/api/account`: log in and out, and what people change about their own account.

The addresses of members, keys and administrators are in the folders beside.
"""

from functools import partial

import falcon
from falcon.asgi import Request, Response

from boka_app.conventions.api import Api, Call
from boka_app.identity import invitations, mfa, model, queries, service
from boka_app.identity.admin import resource as admin
from boka_app.identity.keys import resource as keys
from boka_app.identity.members import resource as members
from boka_app.identity.tokens import AccessTokens
from boka_app.parts import Parts, Routes

_LOGIN = (model.LoginRefused, model.TooManyAttempts)
_FIRST = (model.TokenSpent, model.PasswordRefused, model.TooManyAttempts)
api = Api()
on, own = partial(api, alone=True), partial(api, needs="account.self")


def routes(parts: Parts) -> Routes:
    """Return the addresses of people and their sessions."""
    features = [route for each in (api, members.api, keys.api, admin.api) for route in each.routes(parts)]
    return [*features, ("/.well-known/jwks.json", KeySetResource(parts))]


@on("POST /api/auth/login", "Log in", problems=(model.CodeMissing, *_LOGIN))
async def _log_in(call: Call, wish: model.Login) -> model.Tokens:
    return await service.log_in(call.parts, wish, call.origin)


@on("POST /api/auth/refresh", "Exchange a refresh token", problems=(model.TokenSpent,))
async def _refresh(call: Call, wish: model.Refresh) -> model.Tokens:
    return await service.refresh(call.parts, wish.refresh_token)


@own("POST /api/auth/logout", "Log out")
async def _log_out(call: Call) -> None:
    await service.log_out(call.conn, call.principal, call.now)


@on("POST /api/auth/password", "Set the password of an invited account", problems=_FIRST)
async def _set_first(call: Call, wish: model.FirstPassword) -> None:
    await invitations.take_up(call.parts, wish)


@on("POST /api/auth/password-reset", "Ask for a link to set a password", status=202)
async def _send_link(call: Call, wish: model.Forgotten) -> None:
    await invitations.send_link(call.parts, wish.email)


@own("GET /api/account", "Read one's own account")
async def _show(call: Call) -> model.Account:
    found = await queries.get_account(call.conn, id=call.principal.id)
    return model.Account(
        id=found.id,
        email=found.email,
        name=found.name,
        platform_admin=found.platform_admin,
        mfa=found.mfa,
        memberships=await queries.list_memberships(call.conn, found.id),
    )


@own("PATCH /api/account/password", "Change one's own password", problems=(model.PasswordRefused, *_LOGIN), alone=True)
async def _set_password(call: Call, wish: model.NewPassword) -> None:
    await service.change_password(call.parts, call.principal, wish, call.origin)


@own("GET /api/account/sessions", "List one's own sessions")
async def _sessions(call: Call) -> list[model.Session]:
    me = call.principal
    return await queries.list_sessions(call.conn, account_id=me.id, current=me.session_id, now=call.now)


@own("DELETE /api/account/sessions/{id:uuid}", "End one of one's own sessions")
async def _log_out_one(call: Call) -> None:
    if not await service.log_out(call.conn, call.principal, call.now, call.id):
        raise falcon.HTTPNotFound


@own("POST /api/account/sessions/revoke-all", "End all of one's own sessions")
async def _log_out_all(call: Call) -> None:
    await service.end_sessions(call.conn, call.principal.id, "logout", call.now)


@own("POST /api/account/mfa", "Enrol a second factor", status=201, problems=(model.MfaState, *_LOGIN), alone=True)
async def _enrol(call: Call, wish: model.Proof) -> model.Enrolment:
    account = await service.prove(call.parts, call.principal, wish.password, call.origin)
    return await mfa.enrol(call.parts, account)


@own("POST /api/account/mfa/confirm", "Confirm the second factor", problems=(model.MfaState, model.LoginRefused))
async def _confirm(call: Call, wish: model.Code) -> model.RecoveryCodes:
    return await mfa.confirm(call.conn, call.parts, call.principal, wish.code)


@own("POST /api/account/mfa/disable", "Disable the second factor", problems=_LOGIN, alone=True)
async def _disable(call: Call, wish: model.Proof) -> None:
    await mfa.disable(call.parts, await service.prove(call.parts, call.principal, wish.password, call.origin))


class KeySetResource:
    """The public keys of access tokens."""

    def __init__(self, parts: Parts) -> None:
        self._keys = AccessTokens(parts.settings.signing_keys, parts.settings.public_url).public_keys()

    async def on_get(self, _req: Request, resp: Response) -> None:
        """Answer them (RFC 7517); a new key is to be seen here when the first token carries it."""
        resp.cache_control = ["public", "max-age=300"]
        resp.media = self._keys
