"""What the worker does about webhooks: one delivery for each endpoint that wants an event, attempted until it arrives.

A worker killed in between makes a receiver get one twice, under the same webhook-id: that is what the id is for.
"""

import asyncio
import random
import ssl
from datetime import datetime
from functools import cache
from http import HTTPStatus
from uuid import UUID

import httpx
import msgspec
from standardwebhooks import Webhook

from boka_app.audit import queries as audit
from boka_app.net.guard import AddressRefused, resolve
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
        made = await queries.fan_out(conn, event.id, event.kind)
        await defer_all(conn, "deliver_webhook", event.tenant_id, made)


async def deliver_webhook(work: Work, tenant_id: UUID, delivery_id: UUID) -> None:
    """Make one attempt at one delivery.

    Raises:
        TryAgain: it did not arrive, and there are attempts left.
    """
    async with job_transaction(work.pool, tenant_id) as conn:
        parcel = await queries.get_parcel(conn, delivery_id)
    if parcel is None:
        return
    attempt = await _attempt(work, parcel)
    async with job_transaction(work.pool, tenant_id) as conn:
        await queries.settle(conn, parcel, attempt, work.now())
        if attempt.disables is not None:
            await audit.record(conn, "webhook.disabled", parcel.endpoint_id, reason=attempt.disables)
    DELIVERIES.labels("retried" if attempt.status == "retrying" else attempt.status).inc()
    if attempt.again_after is not None:
        raise TryAgain(attempt.again_after)


async def _attempt(work: Work, parcel: Parcel) -> Attempt:
    if not parcel.active or parcel.secret is None:
        return Attempt(status="dead", response_status=None, failure="the endpoint is disabled")
    status, failure = await _send(work, parcel)
    if failure is None:
        return Attempt(status="delivered", response_status=status, failure=None)
    disables = gives_up(status, parcel.failing_since, work.now())
    pause = None if disables else next_pause(parcel.attempts + 1, random.random())  # noqa: S311  spreads load
    return Attempt(
        status="dead" if pause is None else "retrying",
        response_status=status,
        failure=failure,
        disables=disables,
        again_after=pause,
    )


async def _send(work: Work, parcel: Parcel) -> tuple[int | None, str | None]:
    """Return the status answered, and what went wrong."""
    body = message(parcel)
    headers = {"Content-Type": "application/json", "User-Agent": "Boka-Webhooks/1"}
    headers |= signed(work, parcel, body, work.now())
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            target = await resolve(parcel.url, allowed_networks=work.settings.webhook_networks)
            status = await _post(target.url, headers | target.headers, target.extensions, body)
    except AddressRefused as err:
        return None, str(err)
    except (httpx.HTTPError, OSError) as err:  # asyncio's TimeoutError is an OSError
        return None, type(err).__name__
    return status, None if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES else f"answered {status}"


async def _post(url: str, headers: dict[str, str], extensions: dict[str, str], body: bytes) -> int:
    """Return the status; follows nothing, keeps nothing, and has no proxy that would resolve the name again."""
    async with (
        httpx.AsyncClient(verify=_ssl_context(), timeout=_TIMEOUT_S, trust_env=False) as client,
        client.stream("POST", url, headers=headers, content=body, extensions=extensions) as answer,
    ):
        read = 0
        async for chunk in answer.aiter_raw():
            read += len(chunk)
            if read > _MOST_BYTES:
                break
        return answer.status_code


def message(parcel: Parcel) -> bytes:
    """Return the body; every attempt has the same."""
    data = {"id": parcel.subject_id, **parcel.payload}
    return msgspec.json.encode({"type": parcel.kind, "timestamp": parcel.at, "data": data})


def signed(work: Work, parcel: Parcel, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers that prove the message ours: signed by the secret, and by the one before while it counts."""
    previous = parcel.previous_secret if parcel.previous_until is not None and now < parcel.previous_until else None
    name = f"msg_{parcel.id.hex}"
    secrets = [work.vault.open(each) for each in (parcel.secret, previous) if each is not None]
    signatures = [Webhook(secret).sign(name, now, body.decode()) for secret in secrets]
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


@cache
def _ssl_context() -> ssl.SSLContext:
    return ssl.create_default_context()
