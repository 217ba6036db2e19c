"""`/api/tenants/{slug}/webhooks`: where events go, what became of them, and once more."""

import secrets
from base64 import b64encode
from datetime import timedelta
from uuid import UUID

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.audit import queries as audit
from boka_app.body import read_body
from boka_app.conventions.editing import Editor, editor_routes
from boka_app.conventions.model import RowUnknown
from boka_app.database import tenant_transaction
from boka_app.openapi.operations import operation
from boka_app.parts import Parts, Routes
from boka_app.webhooks import queries
from boka_app.webhooks.model import Replay, Replayed, Secret
from boka_app.webhooks.queries import DELIVERIES, ENDPOINTS
from boka_app.worker.defer import defer_all

_KEEP_PREVIOUS = timedelta(hours=24)
_SECRET_BYTES = 32  # the specification allows 24 to 64


def routes(parts: Parts) -> Routes:
    """Return the addresses of webhooks."""
    path = "/api/tenants/{slug}/webhooks"
    return [
        *editor_routes(parts, path, ENDPOINTS),
        (f"{path}/{{id:uuid}}/deliveries", Editor(parts, DELIVERIES).collection()),
        (f"{path}/{{id:uuid}}/secret", SecretResource(parts)),
        (f"{path}/{{id:uuid}}/replay", ReplayResource(parts)),
    ]


class SecretResource:
    """What signs the deliveries of an endpoint."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @operation(
        "Make a webhook endpoint's secret", answer=Secret, needs="webhooks.write", status=201, problems=[RowUnknown]
    )
    async def on_post(self, req: Request, resp: Response, slug: str, id: UUID) -> None:  # noqa: A002  as in every address
        """Answer a new one, this once. The one before signs as well for a day."""
        parts = self._parts
        secret = "whsec_" + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
        async with tenant_transaction(parts.pool, slug, req.context.principal.actor) as (conn, _tenant):
            await ENDPOINTS.get(conn, {"id": id}, lock=True)
            sealed, until = parts.vault.seal(secret), parts.now() + _KEEP_PREVIOUS
            until = await queries.set_secret(conn, id=id, secret=sealed, previous_until=until)
            await audit.record(conn, "webhook.secret_made", id)
        resp.status = falcon.HTTP_201
        resp.cache_control = ["no-store"]
        resp.media = Secret(secret=secret, previous_until=until)


class ReplayResource:
    """Events, once more."""

    _decoder = msgspec.json.Decoder(Replay)

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @operation("Deliver again", answer=Replayed, body=Replay, needs="webhooks.write", status=202, problems=[RowUnknown])
    async def on_post(self, req: Request, resp: Response, slug: str, id: UUID) -> None:  # noqa: A002
        """Queue one delivery, or up to 5,000 events, also from before the endpoint; they are kept for 30 days."""
        wanted = self._decoder.decode(await read_body(req, falcon.MEDIA_JSON))
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, tenant):
            await ENDPOINTS.get(conn, {"id": id}, lock=True)
            again = queries.replay_one if wanted.since is None else queries.replay_since
            queued = await again(conn, endpoint_id=id, delivery=wanted.delivery, since=wanted.since)
            if wanted.delivery is not None and not queued:
                raise RowUnknown(DELIVERIES.noun)
            await defer_all(conn, "deliver_webhook", tenant.id, queued)
            await audit.record(conn, "webhook.replayed", id, queued=len(queued))
        resp.status = falcon.HTTP_202
        resp.media = Replayed(queued=len(queued))
