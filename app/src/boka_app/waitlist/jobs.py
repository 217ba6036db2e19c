"""What follows when a start becomes free: it is offered to whoever waited longest, and then to the next."""

from datetime import datetime
from typing import Any
from uuid import UUID

from boka_app.availability.queries import find_availability
from boka_app.availability.rules import dates_around
from boka_app.errors import DomainError
from boka_app.waitlist import queries, service
from boka_app.worker.model import Event, Work
from boka_app.worker.tenants import job_transaction


async def offer_freed_start(work: Work, event: Event) -> None:
    """Close the offer that this start was, if it was one, and make the next.

    Right a second time too: what is held already is not free.
    """
    service_id, employee_id, starts_at = freed(event.payload)
    now = work.now()
    async with job_transaction(work.pool, event.tenant_id) as conn:
        await queries.end_offer(conn, appointment_id=event.subject_id, status="expired")
        if starts_at <= now:
            return
        try:
            found = await find_availability(conn, event.tenant_id, service_id, dates_around(starts_at), now=now)
        except DomainError:  # the service is no longer offered, or nobody performs it
            return
        offered = await service.offer_start(conn, found.tenant, service_id, employee_id, starts_at, now=now)
    if offered is not None:
        await work.cache.forget(event.tenant_id)


def freed(payload: dict[str, Any]) -> tuple[UUID, UUID, datetime]:
    """Return the service, the employee and the start that an event freed; with a move, those it left."""
    employee_id = payload.get("was_employee_id", payload["employee_id"])
    starts_at = payload.get("was_starts_at", payload["starts_at"])
    return UUID(payload["service_id"]), UUID(employee_id), datetime.fromisoformat(starts_at)
