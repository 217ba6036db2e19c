"""`/api/tenants/{slug}/webhooks`: where events go, what became of them, and once more."""

import secrets
from base64 import b64encode
from datetime import datetime, timedelta
from uuid import UUID

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.audit import queries as audit
from boka_app.body import read_body
from boka_app.conventions.editing import editor_routes
from boka_app.conventions.model import Page
from boka_app.conventions.paging import PARAMETERS, Pages
from boka_app.database import tenant_transaction
from boka_app.openapi.operations import operation
from boka_app.parts import Parts, Routes
from boka_app.webhooks import queries
from boka_app.webhooks.model import Delivery, Replayed, Secret, Since
from boka_app.webhooks.queries import ENDPOINTS
from boka_app.worker.defer import defer

_KEEP_PREVIOUS = timedelta(hours=24)
_SECRET_BYTES = 32  # the specification allows 24 to 64
_ROW = ("tenant-unknown", "row-unknown")


def routes(parts: Parts) -> Routes:
    """Return the addresses of webhooks."""
    path = "/api/tenants/{slug}/webhooks"
    one = f"{path}/{{id:uuid}}"
    return [
        *editor_routes(parts, path, ENDPOINTS),
        (f"{one}/secret", SecretResource(parts)),
        (f"{one}/deliveries", DeliveriesResource(parts)),
        (f"{one}/replay", ReplayResource(parts)),
        (f"{one}/deliveries/{{delivery_id:uuid}}/replay", ReplayOneResource(parts)),
    ]


class SecretResource:
    """What signs the deliveries of an endpoint."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @operation(
        "Make a webhook endpoint's secret, or a new one",
        answer=Secret,
        needs="webhooks.write",
        problems=_ROW,
        status=201,
    )
    async def on_post(self, req: Request, resp: Response, slug: str, id: UUID) -> None:  # noqa: A002  as in every address
        """Answer the secret, this once. The one before signs as well for a day."""
        parts = self._parts
        secret = "whsec_" + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
        async with tenant_transaction(parts.pool, slug, req.context.principal.actor) as (conn, _tenant):
            await ENDPOINTS.get(conn, {"id": id}, lock=True)
            previous_until = await queries.set_secret(conn, id, parts.vault.seal(secret), parts.now() + _KEEP_PREVIOUS)
            await audit.record(conn, "webhook.secret_made", id)
        resp.status = falcon.HTTP_201
        resp.cache_control = ["no-store"]
        resp.media = Secret(secret=secret, previous_until=previous_until)


class DeliveriesResource:
    """What became of the events of an endpoint."""

    def __init__(self, parts: Parts) -> None:
        self._pool = parts.pool
        self._pages = Pages(parts.settings, "deliveries", tuple[datetime, UUID])

    @operation(
        "List a webhook endpoint's deliveries, newest first",
        answer=Page[Delivery],
        needs="webhooks.read",
        parameters=PARAMETERS,
        problems=[*_ROW, "parameter-invalid"],
    )
    async def on_get(self, req: Request, resp: Response, slug: str, id: UUID) -> None:  # noqa: A002
        """Answer a page."""
        wanted = self._pages.wanted(req)
        async with tenant_transaction(self._pool, slug, req.context.principal.actor) as (conn, _tenant):
            await ENDPOINTS.get(conn, {"id": id})
            rows = await queries.list_deliveries(conn, id, wanted.after, wanted.fetch)
        self._pages.answer(req, resp, wanted, rows, lambda row: (row.created_at, row.id))


class ReplayResource:
    """All events since a time, once more."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._decoder = msgspec.json.Decoder(Since)

    @operation(
        "Deliver all events since a time again",
        answer=Replayed,
        body=Since,
        needs="webhooks.write",
        problems=[*_ROW, "body-malformed", "body-invalid", "body-too-large", "media-type"],
        status=202,
    )
    async def on_post(self, req: Request, resp: Response, slug: str, id: UUID) -> None:  # noqa: A002
        """Queue them, also those from before the endpoint was made; events are kept for 30 days."""
        wanted = self._decoder.decode(await read_body(req, falcon.MEDIA_JSON))
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, _tenant):
            await ENDPOINTS.get(conn, {"id": id}, lock=True)
            queued = await queries.replay_since(conn, id, wanted.since, self._parts.now())
            await audit.record(conn, "webhook.replayed", id, queued=queued)
        resp.status = falcon.HTTP_202
        resp.media = Replayed(queued=queued)


class ReplayOneResource:
    """One delivery, once more."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @operation("Repeat a delivery", answer=Replayed, needs="webhooks.write", problems=_ROW, status=202)
    async def on_post(self, req: Request, resp: Response, slug: str, id: UUID, delivery_id: UUID) -> None:  # noqa: A002
        """Queue it, whatever became of it."""
        now = self._parts.now()
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, tenant):
            await ENDPOINTS.get(conn, {"id": id})
            await queries.replay(conn, id, delivery_id, now)
            await defer(conn, "deliver_webhook", tenant.id, delivery_id, queueing_lock=f"delivery:{delivery_id}")
            await audit.record(conn, "webhook.replayed", id, delivery_id=str(delivery_id))
        resp.status = falcon.HTTP_202
        resp.media = Replayed(queued=1)
