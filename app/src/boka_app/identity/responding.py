"""What the addresses of identity share, so that each is one row of a table: what it takes, does and answers."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal
from uuid import UUID

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.body import read_body
from boka_app.conventions.etag import IF_MATCH, etag, require_match
from boka_app.conventions.limits import client_address, network
from boka_app.database import Connection, platform_transaction, tenant_transaction
from boka_app.identity.model import Origin, Principal
from boka_app.openapi.operations import operation
from boka_app.parts import Parts

_BODY = ("body-malformed", "body-invalid", "body-too-large", "media-type")


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who asks for what, and the transaction it is carried out in, where it has one."""

    req: Request
    parts: Parts
    wish: Any
    path: dict[str, Any]
    conn: Any = None

    @property
    def principal(self) -> Principal:
        """Return who asks, of an operation that needs somebody."""
        return self.req.context.principal

    @property
    def origin(self) -> Origin:
        """Return where it comes from."""
        return origin_of(self.req)

    @property
    def id(self) -> UUID:
        """Return the id in the path."""
        return self.path["id"]

    def require_match(self, version: int) -> None:
        """Let the change pass if it is meant for this version."""
        require_match(self.req, version)


Do = Callable[[Call], Awaitable[Any]]


def responder(  # noqa: PLR0913  each is a fact of the operation, by name
    parts: Parts,
    do: Do,
    summary: str,
    *,
    answer: Any = None,  # noqa: ANN401  any type that msgspec can describe
    body: type[Any] | None = None,
    status: int | None = None,
    problems: tuple[str, ...] = (),
    needs: str | None = None,
    within: Literal["tenant", "platform"] | None = None,
    if_match: bool = False,
) -> Callable[..., Awaitable[None]]:
    """Return a responder that reads the body, opens the transaction, lets `do` work and answers what it returns."""
    decoder = None if body is None else msgspec.json.Decoder(body)
    found = status or (204 if answer is None else 200)
    told = [*problems, *(_BODY if body else ()), *(("match-missing", "version-changed") if if_match else ())]
    told += ["tenant-unknown"] if within == "tenant" else []

    @operation(
        summary,
        answer=answer,
        status=found,
        body=body,
        problems=told,
        needs=needs,
        parameters=[IF_MATCH] if if_match else [],
    )
    async def respond(req: Request, resp: Response, **path: Any) -> None:  # noqa: ANN401  the route's fields
        wish = decoder and decoder.decode(await read_body(req, falcon.MEDIA_JSON))
        async with AsyncExitStack() as stack:
            conn: Connection | None = None
            if within == "platform":
                conn = await stack.enter_async_context(platform_transaction(parts.pool, req.context.principal.actor))
            elif within == "tenant":
                entered = tenant_transaction(parts.pool, path["slug"], req.context.principal.actor)
                conn, _tenant = await stack.enter_async_context(entered)
            media = await do(Call(req, parts, wish, path, conn))
        resp.status = found
        resp.cache_control = ["no-store"]
        if answer is not None:
            resp.media = media
        if (version := getattr(media, "version", None)) is not None:
            resp.set_header("ETag", etag(version))

    return respond


def address(**responders: Callable[..., Awaitable[None]]) -> SimpleNamespace:
    """Return what answers at one address: `address(get=…, post=…)`."""
    return SimpleNamespace(**{f"on_{method}": respond for method, respond in responders.items()})


def origin_of(req: Request) -> Origin:
    """Return where a request comes from."""
    return Origin(address=network(client_address(req)), user_agent=req.user_agent or "")
