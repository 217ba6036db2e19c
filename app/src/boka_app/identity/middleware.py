"""Before every responder: who asks, and whether they may. What the operation needs is said beside its code."""

from functools import partial
from typing import Any
from urllib.parse import quote
from uuid import UUID

import falcon
from falcon.asgi import Request, Response, WebSocket

from boka_app.database import SLUG, connection
from boka_app.identity import queries, rules, tokens
from boka_app.identity.cookie import BROWSER, COOKIE, from_here
from boka_app.identity.model import ForeignOrigin, MfaRequired, NotAllowed, NotAuthenticated, Principal
from boka_app.identity.permissions import ACCOUNT, MANAGER, MFA_ROLES, PLATFORM_ADMIN
from boka_app.identity.switches import Switches
from boka_app.openapi.operations import described_as
from boka_app.parts import Parts
from boka_app.tenants.model import PLATFORM, TenantUnknown

LOGIN_PAGE = "/staff/login"
_SAFE = ("GET", "HEAD", "QUERY")


class AuthenticationMiddleware:
    """Sets `req.context.principal` and holds each operation to what it needs."""

    def __init__(self, parts: Parts, switches: Switches) -> None:
        self._parts = parts
        self._switches = switches
        self._tokens = tokens.AccessTokens(parts.settings.signing_keys, parts.settings.public_url)

    async def process_resource(self, req: Request, resp: Response, resource: object, params: dict[str, Any]) -> None:  # noqa: ARG002
        """Admit a request to its responder, or refuse it. Falcon calls it once the route is known."""
        self._switches.check(req.method, req.path)
        responder = getattr(resource, f"on_{req.method.lower()}", None)
        await self._admit(req, responder, params.get("slug"), safe=req.method in _SAFE)

    async def process_resource_ws(self, req: Request, ws: WebSocket, resource: object, params: dict[str, Any]) -> None:  # noqa: ARG002
        """Admit a WebSocket. A browser lets any page open one, so it counts as a change: the origin must be ours."""
        self._switches.check("GET", req.path)
        await self._admit(req, getattr(resource, "on_websocket", None), params.get("slug"), safe=False)

    async def _admit(self, req: Request, responder: object, slug: str | None, *, safe: bool) -> None:
        req.context.admit = partial(self._admit, req, responder, slug, safe=safe)  # again, for what lasts longer
        described = described_as(responder)
        need = described.needs if described else None
        req.context.principal = None
        scheme, _, credential = (req.get_header("Authorization") or "").partition(" ")
        credential = credential.strip() if scheme.lower() == "bearer" else ""
        ours = credential.startswith(tokens.KEY_MARK) or credential.count(".") == 2  # noqa: PLR2004  a JWT's dots
        if need is None and not ours:
            return  # open to all; a customer's token is the responder's matter
        try:
            principal = await self._identify(req, credential, slug, safe=safe)
        except NotAuthenticated as err:
            if req.path.startswith("/staff") and safe:
                raise falcon.HTTPSeeOther(f"{LOGIN_PAGE}?next={quote(req.path)}") from err
            raise
        req.context.principal = principal
        if need and not principal.may(need):
            raise MfaRequired if need in principal.needs_after_mfa else NotAllowed(need)

    async def _identify(self, req: Request, credential: str, slug: str | None, *, safe: bool) -> Principal:
        if credential.startswith(tokens.KEY_MARK):
            return await self._by_key(credential, slug)
        if credential:
            return await self._by_session(slug, session=self._tokens.session_of(credential, self._parts.now()))
        secret = req.cookies.get(COOKIE)
        if not secret:
            raise NotAuthenticated
        if not safe and not from_here(req, self._parts.settings.public_url):
            raise ForeignOrigin
        return await self._by_session(slug, secret=tokens.digest(BROWSER, secret))

    async def _by_session(self, slug: str | None, **known_by: UUID | bytes) -> Principal:
        if slug is not None and SLUG.fullmatch(slug) is None:
            raise TenantUnknown(slug)
        async with connection(self._parts.pool) as conn:
            found = await queries.identify_session(conn, slug=slug, at=self._parts.now(), **known_by)
        if found is None:
            raise NotAuthenticated("the session has ended")
        if slug is not None and found.tenant_id is None:
            raise TenantUnknown(slug)
        held = [role for role in (found.role, PLATFORM_ADMIN if found.platform_admin else None) if role]
        roles = [role for role in held if found.mfa or role not in MFA_ROLES]
        return Principal(
            kind="account",
            id=found.account_id,
            role=roles[0] if roles else ACCOUNT,
            name=found.name,
            needs=rules.needs_of_roles([*roles, ACCOUNT]),
            needs_after_mfa=rules.needs_of_roles(held),
            session_id=found.session_id,
            employee_id=found.employee_id,
        )

    async def _by_key(self, credential: str, slug: str | None) -> Principal:
        async with connection(self._parts.pool) as conn:
            found = await queries.identify_key(conn, hash=tokens.digest("key", credential), at=self._parts.now())
        if found is None:
            raise NotAuthenticated("the API key is unknown, revoked or expired")
        platform = found.tenant_id == PLATFORM
        here = platform or (slug is not None and slug == found.slug)
        return Principal(
            kind="api_key",
            id=found.id,
            role=PLATFORM_ADMIN if platform else MANAGER,
            name=found.name,
            needs=rules.needs_of_key(found.scopes, platform=platform) if here else frozenset(),
        )
