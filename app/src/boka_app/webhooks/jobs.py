"""What the worker does about webhooks: one delivery for each endpoint that wants an event, attempted until it arrives.

A delivery is a row that says when it is due, claimed like a message (messages/jobs.py). A receiver may get one twice,
under the same webhook-id: that is what the id is for.
"""

import asyncio
import random
import ssl
from datetime import datetime, timedelta
from functools import cache
from http import HTTPStatus
from uuid import UUID

import httpx
import msgspec
from standardwebhooks import Webhook

from boka_app.audit import queries as audit
from boka_app.webhooks import queries
from boka_app.webhooks.guard import locate, pinned
from boka_app.webhooks.model import AddressRefused, Parcel
from boka_app.webhooks.rules import gives_up, next_attempt
from boka_app.worker.defer import defer
from boka_app.worker.metrics import DELIVERIES
from boka_app.worker.model import Event, Work
from boka_app.worker.tenants import job_transaction, tenant_ids

_TIMEOUT_S = 10  # for the whole exchange
_MOST_BYTES = 64 * 1024  # of an answer; only its status counts, and what is read lets the receiver end well
_LOST_AFTER = timedelta(minutes=2)
_BATCH = 500


async def fan_out(work: Work, event: Event) -> None:
    """Make the deliveries of an event."""
    async with job_transaction(work.pool, event.tenant_id) as conn:
        for each in await queries.fan_out(conn, event.id, event.kind, work.now()):
            await defer(conn, "deliver_webhook", event.tenant_id, each)


async def sweep_deliveries(work: Work) -> None:
    """Order what is due: repetitions, replays, and what a killed worker left."""
    now = work.now()
    for tenant_id in await tenant_ids(work.pool):
        async with job_transaction(work.pool, tenant_id) as conn:
            for each in await queries.list_due(conn, now, _BATCH):
                await defer(conn, "deliver_webhook", tenant_id, each, queueing_lock=f"delivery:{each}")


async def deliver_webhook(work: Work, tenant_id: UUID, delivery_id: UUID) -> None:
    """Make one attempt at one delivery."""
    now = work.now()
    async with job_transaction(work.pool, tenant_id) as conn:
        parcel = await queries.claim(conn, delivery_id, now, now + _LOST_AFTER)
    if parcel is None:
        return
    status, failure = None, "the endpoint is disabled"
    if parcel.active and parcel.secret is not None:
        status, failure = await _attempt(work, parcel, now)
    outcome = await _settle(work, tenant_id, parcel, status, failure)
    DELIVERIES.labels(outcome).inc()


async def _attempt(work: Work, parcel: Parcel, now: datetime) -> tuple[int | None, str | None]:
    """Send; return the status answered, and what went wrong."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            parts, address = await locate(parcel.url, work.settings.webhook_networks)
            url, host = pinned(parts, address)
            body = message(parcel)
            headers = {"Host": host, "Content-Type": "application/json", "User-Agent": "Boka-Webhooks/1"}
            headers |= signed(work, parcel, body, now)
            status = await _post(url, parts.hostname or "", headers, body)
    except AddressRefused as err:
        return None, str(err)
    except (httpx.HTTPError, OSError) as err:  # asyncio's TimeoutError is an OSError
        return None, type(err).__name__
    return status, None if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES else f"answered {status}"


async def _post(url: str, host: str, headers: dict[str, str], body: bytes) -> int:
    transport = httpx.AsyncHTTPTransport(verify=_ssl_context())
    extensions = {"sni_hostname": host}  # the certificate is that of the name, though we connect to a number
    async with (
        httpx.AsyncClient(transport=transport, timeout=_TIMEOUT_S, trust_env=False) as client,
        client.stream("POST", url, headers=headers, content=body, extensions=extensions) as answer,
    ):
        read = 0
        async for chunk in answer.aiter_raw():
            read += len(chunk)
            if read > _MOST_BYTES:
                break
        return answer.status_code


async def _settle(work: Work, tenant_id: UUID, parcel: Parcel, status: int | None, failure: str | None) -> str:
    now = work.now()
    async with job_transaction(work.pool, tenant_id) as conn:
        if failure is None:
            await queries.settle(conn, parcel.id, "delivered", now, response_status=status)
            await queries.note_endpoint(conn, parcel.endpoint_id, now, works=True, disabled_reason=None)
            return "delivered"
        chance = random.random()  # noqa: S311  spreads load, guards nothing
        reason = gives_up(status, parcel.failing_since, now)
        again = next_attempt(parcel.attempts, chance, now) if reason is None and parcel.active else None
        outcome = "dead" if again is None else "retrying"
        await queries.settle(conn, parcel.id, outcome, now, response_status=status, failure=failure, due_at=again)
        if parcel.active:
            await queries.note_endpoint(conn, parcel.endpoint_id, now, works=False, disabled_reason=reason)
            if reason is not None:
                await audit.record(conn, "webhook.disabled", parcel.endpoint_id, reason=reason)
    return "dead" if outcome == "dead" else "retried"


def message(parcel: Parcel) -> bytes:
    """Return the body; every attempt has the same."""
    data = {"id": parcel.subject_id, **parcel.payload}
    return msgspec.json.encode({"type": parcel.kind, "timestamp": parcel.at, "data": data})


def signed(work: Work, parcel: Parcel, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers that prove the message ours: signed by the secret, and by the one before while it counts."""
    sealed = [parcel.secret]
    if parcel.previous_until is not None and now < parcel.previous_until:
        sealed.append(parcel.previous_secret)
    name = f"msg_{parcel.id.hex}"
    secrets = [work.vault.open(each) for each in sealed if each is not None]
    signatures = [Webhook(secret).sign(name, now, body.decode()) for secret in secrets]
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


@cache
def _ssl_context() -> ssl.SSLContext:
    return ssl.create_default_context()
