"""`/api/auth` and `/api/account`: log in and out, and what people change about their own account."""

from typing import Any
from uuid import UUID

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.body import read_body
from boka_app.conventions.limits import client_address, network
from boka_app.database import platform_transaction
from boka_app.identity import invitations, mfa, queries, service
from boka_app.identity.model import (
    Account,
    Code,
    Enrolment,
    FirstPassword,
    Login,
    NewPassword,
    NotAuthenticated,
    Origin,
    Proof,
    RecoveryCodes,
    Refresh,
    Session,
    Tokens,
)
from boka_app.identity.tokens import AccessTokens
from boka_app.openapi.operations import operation
from boka_app.parts import Parts, Routes

_BODY = ("body-malformed", "body-invalid", "body-too-large", "media-type")
_LOGIN = ("login-refused", "too-many-attempts", *_BODY)


def routes(parts: Parts) -> Routes:
    """Return the addresses of people and their sessions."""
    return [
        ("/api/auth/login", LoginResource(parts)),
        ("/api/auth/refresh", RefreshResource(parts)),
        ("/api/auth/logout", LogoutResource(parts)),
        ("/api/auth/password", FirstPasswordResource(parts)),
        ("/api/account", AccountResource(parts)),
        ("/api/account/password", PasswordResource(parts)),
        ("/api/account/sessions", SessionsResource(parts)),
        ("/api/account/sessions/{session_id:uuid}", SessionResource(parts)),
        ("/api/account/sessions/revoke-all", RevokeAllResource(parts)),
        ("/api/account/mfa", MfaResource(parts)),
        ("/api/account/mfa/confirm", MfaConfirmResource(parts)),
        ("/api/account/mfa/disable", MfaDisableResource(parts)),
        ("/.well-known/jwks.json", KeySetResource(parts)),
    ]


def origin_of(req: Request) -> Origin:
    """Return where a request comes from."""
    return Origin(address=network(client_address(req)), user_agent=req.user_agent or "")


async def read(req: Request, form: type[Any]) -> Any:  # noqa: ANN401  an instance of the form
    """Return the body as an instance of the form, or refuse it."""
    return msgspec.json.decode(await read_body(req, falcon.MEDIA_JSON), type=form)


class Resource:
    """What all addresses of identity have: the parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts


def answer(resp: Response, media: object = None) -> None:
    """Answer something that no cache may hold; without it, 204."""
    resp.cache_control = ["no-store"]
    if media is None:
        resp.status = falcon.HTTP_204
    else:
        resp.media = media


class LoginResource(Resource):
    """Where programs and apps of people log in."""

    @operation("Log in", answer=Tokens, body=Login, problems=["code-missing", *_LOGIN])
    async def on_post(self, req: Request, resp: Response) -> None:
        """Answer an access token and a refresh token."""
        answer(resp, await service.log_in(self._parts, await read(req, Login), origin_of(req)))


class RefreshResource(Resource):
    """Where a session goes on."""

    @operation("Exchange a refresh token", answer=Tokens, body=Refresh, problems=["token-spent", *_BODY])
    async def on_post(self, req: Request, resp: Response) -> None:
        """Answer the next pair of tokens."""
        wish: Refresh = await read(req, Refresh)
        answer(resp, await service.refresh(self._parts, wish.refresh_token))


class LogoutResource(Resource):
    """Where a session ends."""

    @operation("Log out", answer=None, status=204, needs="account.self")
    async def on_post(self, req: Request, resp: Response) -> None:
        """End the session of this request."""
        await service.log_out(self._parts, req.context.principal)
        answer(resp)


class FirstPasswordResource(Resource):
    """Where an invitation is taken up."""

    @operation(
        "Set the password of an invited account",
        answer=None,
        status=204,
        body=FirstPassword,
        problems=["token-spent", "password-refused", *_BODY],
    )
    async def on_post(self, req: Request, resp: Response) -> None:
        """Set it; the token is used up."""
        await invitations.take_up(self._parts, await read(req, FirstPassword))
        answer(resp)


class AccountResource(Resource):
    """One's own account."""

    @operation("Read one's own account", answer=Account, needs="account.self")
    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer it with the tenants it belongs to."""
        principal = req.context.principal
        async with platform_transaction(self._parts.pool, principal.actor) as conn:
            found = await queries.find_account(conn, id_=principal.id)
            memberships = await queries.list_memberships(conn, principal.id)
        if found is None:
            raise NotAuthenticated
        media = Account(
            id=found.id,
            email=found.email,
            name=found.name,
            platform_admin=found.platform_admin,
            mfa=found.totp_confirmed_at is not None,
            memberships=memberships,
        )
        answer(resp, media)


class PasswordResource(Resource):
    """One's own password."""

    @operation(
        "Change one's own password",
        answer=None,
        status=204,
        body=NewPassword,
        problems=["password-refused", *_LOGIN],
        needs="account.self",
    )
    async def on_patch(self, req: Request, resp: Response) -> None:
        """Change it; all other sessions end."""
        wish = await read(req, NewPassword)
        await service.change_password(self._parts, req.context.principal, wish, origin_of(req))
        answer(resp)


class SessionsResource(Resource):
    """Where one is logged in."""

    @operation("List one's own sessions", answer=list[Session], needs="account.self")
    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer those that live, the last used first."""
        principal = req.context.principal
        async with platform_transaction(self._parts.pool, principal.actor) as conn:
            found = await queries.list_sessions(conn, principal.id, principal.session_id, self._parts.now())
        answer(resp, found)


class SessionResource(Resource):
    """One of one's own sessions."""

    @operation("End one of one's own sessions", answer=None, status=204, problems=["not-found"], needs="account.self")
    async def on_delete(self, req: Request, resp: Response, session_id: UUID) -> None:
        """End it at once."""
        if not await service.log_out(self._parts, req.context.principal, session_id):
            raise falcon.HTTPNotFound
        answer(resp)


class RevokeAllResource(Resource):
    """All of one's own sessions."""

    @operation("End all of one's own sessions", answer=None, status=204, needs="account.self")
    async def on_post(self, req: Request, resp: Response) -> None:
        """End them, this one too."""
        await service.end_sessions(self._parts, req.context.principal.actor, req.context.principal.id, "logout")
        answer(resp)


class MfaResource(Resource):
    """One's own second factor."""

    @operation(
        "Enrol a second factor",
        answer=Enrolment,
        body=Proof,
        status=201,
        problems=["mfa-state", *_LOGIN],
        needs="account.self",
    )
    async def on_post(self, req: Request, resp: Response) -> None:
        """Answer its secret; it counts once confirmed."""
        proof: Proof = await read(req, Proof)
        account = await service.prove(self._parts, req.context.principal, proof.password, origin_of(req))
        answer(resp, await mfa.enrol(self._parts, account))
        resp.status = falcon.HTTP_201


class MfaConfirmResource(Resource):
    """The first code of a second factor."""

    @operation(
        "Confirm the second factor",
        answer=RecoveryCodes,
        body=Code,
        problems=["mfa-state", "login-refused", *_BODY],
        needs="account.self",
    )
    async def on_post(self, req: Request, resp: Response) -> None:
        """Take it into use and answer recovery codes."""
        wish: Code = await read(req, Code)
        codes = await mfa.confirm(self._parts, req.context.principal, wish.code)
        answer(resp, RecoveryCodes(recovery_codes=codes))


class MfaDisableResource(Resource):
    """The end of a second factor."""

    @operation("Disable the second factor", answer=None, body=Proof, status=204, problems=_LOGIN, needs="account.self")
    async def on_post(self, req: Request, resp: Response) -> None:
        """Take it and its recovery codes away."""
        proof: Proof = await read(req, Proof)
        account = await service.prove(self._parts, req.context.principal, proof.password, origin_of(req))
        await mfa.disable(self._parts, account)
        answer(resp)


class KeySetResource(Resource):
    """The public keys of access tokens."""

    async def on_get(self, _req: Request, resp: Response) -> None:
        """Answer them (RFC 7517); a new key is to be seen here when the first token carries it."""
        settings = self._parts.settings
        resp.cache_control = ["public", "max-age=300"]
        resp.media = AccessTokens(settings.signing_keys, settings.public_url).public_keys()
