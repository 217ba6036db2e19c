"""`/api/tenants/{slug}/webhooks`: where events go, what became of them, and once more."""

import secrets
from base64 import b64encode
from datetime import timedelta
from functools import partial

from boka_app.audit import queries as audit
from boka_app.conventions.api import Api, Call
from boka_app.conventions.editing import edit, edit_all
from boka_app.conventions.model import RowUnknown
from boka_app.webhooks import queries
from boka_app.webhooks.model import Replay, Replayed, Secret
from boka_app.webhooks.queries import DELIVERIES, ENDPOINTS
from boka_app.worker.defer import defer_all

_KEEP_PREVIOUS = timedelta(hours=24)
_SECRET_BYTES = 32  # the specification allows 24 to 64
_ALL = "/api/tenants/{slug}/webhooks"
_ONE = f"{_ALL}/{{id:uuid}}"
api = Api()
_change = partial(api, needs="webhooks.write", problems=[RowUnknown])

edit(api, _ALL, ENDPOINTS)
edit_all(api, f"{_ONE}/deliveries", DELIVERIES)


@_change(f"POST {_ONE}/secret", "Make a webhook endpoint's secret", status=201)
async def _make_secret(call: Call) -> Secret:
    """Answer a new one, this once. The one before signs as well for a day."""
    secret = "whsec_" + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    await ENDPOINTS.get(call.conn, {"id": call.id}, lock=True)
    sealed, until = call.parts.vault.seal(secret), call.now + _KEEP_PREVIOUS
    until = await queries.set_secret(call.conn, id=call.id, secret=sealed, previous_until=until)
    await audit.record(call.conn, "webhook.secret_made", call.id)
    return Secret(secret=secret, previous_until=until)


@_change(f"POST {_ONE}/replay", "Deliver again", status=202)
async def _replay(call: Call, wish: Replay) -> Replayed:
    """Queue one delivery, or up to 5,000 events, also from before the endpoint; they are kept for 30 days."""
    await ENDPOINTS.get(call.conn, {"id": call.id}, lock=True)
    again = queries.replay_one if wish.since is None else queries.replay_since
    queued = await again(call.conn, endpoint_id=call.id, delivery=wish.delivery, since=wish.since)
    if wish.delivery is not None and not queued:
        raise RowUnknown(DELIVERIES.noun)
    await defer_all(call.conn, "deliver_webhook", call.tenant.id, queued)
    await audit.record(call.conn, "webhook.replayed", call.id, queued=len(queued))
    return Replayed(queued=len(queued))
