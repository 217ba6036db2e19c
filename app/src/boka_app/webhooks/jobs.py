"""What the worker does about webhooks: one delivery for each endpoint that wants an event, attempted until it arrives.

A worker killed in between makes a receiver get one twice, under the same webhook-id: that is what the id is for.
"""

import asyncio
import random
from uuid import UUID

import httpx
import msgspec
from msgspec.structs import asdict
from standardwebhooks import Webhook

from boka_app.audit import queries as audit
from boka_app.net.exchange import exchange
from boka_app.net.guard import AddressRefused
from boka_app.webhooks import queries
from boka_app.webhooks.model import Attempt, Parcel
from boka_app.webhooks.rules import gives_up, next_pause
from boka_app.worker.defer import defer_all
from boka_app.worker.metrics import DELIVERIES
from boka_app.worker.model import Event, TryAgain, Work
from boka_app.worker.tenants import job_transaction

_TIMEOUT_S = 10  # for the whole exchange
_MOST_BYTES = 64 * 1024  # of an answer; only its status counts, and what is read lets the receiver end well


async def fan_out(work: Work, event: Event) -> None:
    """Make the deliveries of an event."""
    async with job_transaction(work.pool, event.tenant_id) as conn:
        made = await queries.fan_out(conn, event_id=event.id, kind=event.kind)
        await defer_all(conn, "deliver_webhook", event.tenant_id, made)


async def deliver_webhook(work: Work, tenant_id: UUID, delivery_id: UUID) -> None:
    """Make one attempt at one delivery.

    Raises:
        TryAgain: it did not arrive, and there are attempts left.
    """
    async with job_transaction(work.pool, tenant_id) as conn:
        parcel = await queries.get_parcel(conn, id=delivery_id)
    if parcel is None:
        return
    attempt = await _attempt(work, parcel)
    async with job_transaction(work.pool, tenant_id) as conn:
        await queries.settle(conn, now=work.now(), **asdict(parcel) | asdict(attempt))
        if attempt.disables is not None:
            await audit.record(conn, "webhook.disabled", parcel.endpoint_id, reason=attempt.disables)
    DELIVERIES.labels("retried" if attempt.status == "retrying" else attempt.status).inc()
    if attempt.again_after is not None:
        raise TryAgain(attempt.again_after)


async def _attempt(work: Work, parcel: Parcel) -> Attempt:
    if not parcel.active or parcel.secret is None:
        return Attempt(status="dead", failure="the endpoint is disabled")
    status, failure = await _send(work, parcel)
    if failure is None:
        return Attempt(status="delivered", response_status=status)
    disables = gives_up(status, parcel.failing_since, work.now())
    pause = None if disables else next_pause(parcel.attempts + 1, random.random())  # noqa: S311  spreads load
    end = "dead" if pause is None else "retrying"
    return Attempt(status=end, response_status=status, failure=failure, disables=disables, again_after=pause)


async def _send(work: Work, parcel: Parcel) -> tuple[int | None, str | None]:
    """Return the status answered, and what went wrong."""
    data = {"id": parcel.subject_id, **parcel.payload}
    body = msgspec.json.encode({"type": parcel.kind, "timestamp": parcel.at, "data": data})  # the same each time
    headers = {"Content-Type": "application/json", "User-Agent": "Boka-Webhooks/1"} | _signed(work, parcel, body)
    networks = work.settings.webhook_networks
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            answer, _ = await exchange(
                "POST", parcel.url, headers=headers, networks=networks, most_bytes=_MOST_BYTES, content=body
            )
    except AddressRefused as err:
        return None, str(err)
    except (httpx.HTTPError, OSError) as err:  # asyncio's TimeoutError is an OSError
        return None, type(err).__name__
    return answer.status_code, None if answer.is_success else f"answered {answer.status_code}"


def _signed(work: Work, parcel: Parcel, body: bytes) -> dict[str, str]:
    """Return the headers that prove the message ours: signed by the secret, and by the one before while it counts."""
    now, name = work.now(), f"msg_{parcel.id.hex}"
    previous = parcel.previous_secret if parcel.previous_until is not None and now < parcel.previous_until else None
    secrets = [work.vault.open(each) for each in (parcel.secret, previous) if each is not None]
    signatures = " ".join(Webhook(secret).sign(name, now, body.decode()) for secret in secrets)
    return {"webhook-id": name, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signatures}
