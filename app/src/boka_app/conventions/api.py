"""The operations of a feature, each a function below `@api("GET /api/…", "What it does")`.

The function gets a `Call`, already in its transaction, and returns what is answered.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from inspect import isfunction
from types import NoneType, SimpleNamespace
from typing import Any, TypeVar, get_type_hints
from uuid import UUID

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.appointments import tokens
from boka_app.appointments.model import TokenMissing
from boka_app.body import read_body
from boka_app.conventions.etag import etag, require_match
from boka_app.conventions.limits import client_address, network
from boka_app.conventions.model import Page
from boka_app.conventions.paging import Pages
from boka_app.database import platform_transaction, tenant_transaction
from boka_app.idempotency.model import require_key
from boka_app.idempotency.service import once
from boka_app.identity.model import Origin, Principal
from boka_app.openapi.operations import IF_NONE_MATCH, operation
from boka_app.parts import Parts, Routes
from boka_app.tenants.model import CUSTOMER

_Made = TypeVar("_Made")
_Do = TypeVar("_Do", bound=Callable[..., Awaitable[Any]])


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who asks for what, and the transaction it is carried out in, where it has one."""

    req: Request
    resp: Response
    parts: Parts
    path: dict[str, Any]
    wish: Any
    key: str
    conn: Any = None
    tenant: Any = None

    @property
    def principal(self) -> Principal:
        """Return who asks, of an operation that needs somebody."""
        return self.req.context.principal

    @property
    def origin(self) -> Origin:
        """Return where it comes from."""
        return origin_of(self.req)

    @property
    def now(self) -> datetime:
        """Return the time."""
        return self.parts.now()

    @property
    def id(self) -> UUID:
        """Return the id in the path."""
        return next(value for value in self.path.values() if isinstance(value, UUID))

    def prove(
        self, unknown: Callable[[UUID], Exception], token: str | None = None, *, purpose: str = "appointment"
    ) -> UUID:
        """Return the id in the path, of a thing whose token is given or came; else raise what `unknown` makes of it.

        Raises:
            TokenMissing: no token came.
        """
        keys, shown = self.parts.settings.signing_keys, token or bearer_token(self.req)
        tokens.require(keys, self.tenant.id, self.id, shown, unknown, purpose=purpose)
        return self.id

    async def page(
        self,
        name: str,
        query: Callable[..., Awaitable[list[Any]]],
        place: Callable[[Any], tuple[Any, UUID]],
        *,
        sorted_as: Any = datetime,  # noqa: ANN401  a type
    ) -> Page[Any]:
        """Return a page of the list `name`: what `query` finds after a `place`, of which `sorted_as` is a part."""
        pages = Pages(self.parts.settings, name, tuple[sorted_as, UUID])
        wanted = pages.wanted(self.req)
        return pages.answer(self.req, self.resp, wanted, await query(self.conn, **wanted.keyset), place)

    async def once(self, kind: type[_Made], make: Callable[[], Awaitable[_Made]]) -> _Made:
        """Return what `make` makes, or what it made for an earlier request with this Idempotency-Key."""
        return await once(self.conn, self.key, self.req.path, self.wish, kind, make)

    def require_match(self, version: int) -> None:
        """Let the change pass if it is meant for this version."""
        require_match(self.req, version)


class Api:
    """Gathers operations and makes their resources."""

    def __init__(self) -> None:
        self._made: list[tuple[str, str, Callable[[Parts], Any]]] = []
        self._unlimited: set[str] = set()

    def __call__(
        self,
        address: str,
        summary: str,
        *,
        alone: bool = False,
        unlimited: bool = False,
        **described: Any,  # noqa: ANN401  as `operation` takes them
    ) -> Callable[[_Do], _Do]:
        """Add an `operation`: `address` is its method and path. Where `alone`, it opens its transactions itself.

        `unlimited` frees the address from `RateLimits`. Unless told, the function's types tell what is answered, and
        the body: that of its second parameter, `wish`.
        """
        method, path = address.split()
        self._unlimited |= {path} if unlimited else set()

        def add(do: _Do) -> _Do:
            types = _types(do)
            typed: dict[str, Any] = {"answer": types.get("return"), "body": types.get("wish")}
            told = operation(summary, **typed | described)
            decoder = None if told.body is None else msgspec.json.Decoder(told.body)

            def make(parts: Parts) -> Any:  # noqa: ANN401  a responder
                async def respond(req: Request, resp: Response, **given: Any) -> None:  # noqa: ANN401  the path's fields
                    claim = require_key(req.get_header("Idempotency-Key")) if told.key else ""
                    wish = decoder and decoder.decode(await read_body(req, falcon.MEDIA_JSON))
                    resp.status = told.status
                    if IF_NONE_MATCH not in told.parameters:  # else it may be kept, and asked about
                        resp.cache_control = ["no-store"]
                    async with AsyncExitStack() as stack:
                        entered = (None, None) if alone else await enter(stack, req, parts, given.get("slug"))
                        call = Call(req, resp, parts, given, wish, claim, *entered)
                        media = await (do(call, wish) if "wish" in types else do(call))
                    if told.answer is not None:
                        resp.media = media
                    if (version := getattr(media, "version", None)) is not None:
                        resp.set_header("ETag", etag(version))

                return told(respond)

            self._made.append((path, method.lower(), make))
            return do

        return add

    def routes(self, parts: Parts) -> Routes:
        """Return the addresses of the feature and what answers them."""
        resource_by_path: dict[str, Any] = {}
        for path, method, make in self._made:
            resource = resource_by_path.setdefault(path, SimpleNamespace(unlimited=path in self._unlimited))
            setattr(resource, f"on_{method}", make(parts))
        return list(resource_by_path.items())


def _types(do: object) -> dict[str, Any]:
    """Return the types that a function names, without None; of a partial one none are known."""
    named: dict[str, Any] = get_type_hints(do) if isfunction(do) else {}
    return {name: kind for name, kind in named.items() if kind is not NoneType}


async def enter(stack: AsyncExitStack, req: Request, parts: Parts, slug: str | None) -> tuple[Any, Any]:
    """Open the transaction of whoever asks: in the tenant of the path, else on the platform."""
    principal = req.context.get("principal")
    actor = principal.actor if principal else CUSTOMER
    if slug is None:
        return await stack.enter_async_context(platform_transaction(parts.pool, actor)), None
    return await stack.enter_async_context(tenant_transaction(parts.pool, slug, actor))


def bearer_token(req: Request) -> str:
    """Return the token that proves something is one's own.

    Raises:
        TokenMissing: none came.
    """
    scheme, _, token = (req.get_header("Authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissing
    return token.strip()


def origin_of(req: Request) -> Origin:
    """Return where a request comes from."""
    return Origin(address=network(client_address(req)), user_agent=req.user_agent or "")
