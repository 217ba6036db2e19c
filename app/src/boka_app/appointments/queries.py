"""SQL on appointments. Booking is one call of a function; its SQLSTATEs become facts here and nowhere else."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from boka_app import logs
from boka_app.appointments.model import Appointment, AppointmentUnknown, CustomerDetails, HoldOver, HoldRequest, Placed
from boka_app.availability.model import DayFull, DecisionStale, SlotTaken
from boka_app.database import Connection
from boka_app.errors import DomainError
from boka_app.idempotency.model import KeyReused
from boka_app.tenants.model import CUSTOMER, Actor

_BOOK = """
select book_appointment_optimized(
    %(tenant_id)s, %(customer)s, %(service_id)s, %(candidates)s, %(starts_at)s, %(notes)s, %(special_requests)s,
    %(now)s, %(source)s, %(catalog_version)s, %(key)s, %(fingerprint)s, %(hold_id)s, %(asker)s
)::text
"""

_GET = """
select
    a.id, t.name as tenant_name,
    a.service_id as service, s.name as service_name, a.employee_id as employee, e.name as employee_name,
    a.starts_at, a.ends_at, t.time_zone, a.status, a.expires_at, a.price_minor, a.currency, a.version
from appointment a
join tenant t on t.id = a.tenant_id
join service s on s.tenant_id = a.tenant_id and s.id = a.service_id
join employee e on e.tenant_id = a.tenant_id and e.id = a.employee_id
where a.tenant_id = current_tenant() and a.id = %(id)s
"""

_RELEASE = "select id from release_hold(%(id)s)"

_decoder = msgspec.json.Decoder(Placed)


async def book(  # noqa: PLR0913  what is booked and how, by name
    conn: Connection,
    tenant_id: UUID,
    wish: HoldRequest,
    candidates: Sequence[UUID],
    *,
    now: datetime,
    customer: CustomerDetails | None = None,
    catalog_version: int | None = None,
    claim: tuple[str, bytes] | None = None,
    actor: Actor = CUSTOMER,
    source: str = "web",
    hold_id: UUID | None = None,
    notes: str = "",
    special_requests: str = "",
) -> Placed:
    """Enter the tenant and book for the first of the candidates who is free; hold, if no customer is known.

    One round trip; a transaction of its own unless one is open. `claim` is the idempotency key and its fingerprint.

    Raises:
        SlotTaken, DayFull: no candidate can take it. HoldOver: the hold named is none.
        KeyReused: the key belongs to another request.
        DecisionStale: what is offered changed after `catalog_version`.
    """
    key, fingerprint = claim or (None, None)
    values = {
        "tenant_id": tenant_id,
        "customer": None if customer is None else Jsonb(msgspec.structs.asdict(customer)),
        "service_id": wish.service,
        "candidates": list(candidates),
        "starts_at": wish.starts_at,
        "notes": notes,
        "special_requests": special_requests,
        "hold_id": hold_id,
        "now": now,
        "source": source,
        "catalog_version": catalog_version,
        "key": key,
        "fingerprint": fingerprint,
        "asker": [logs.request_id.get(), actor.kind, "" if actor.id is None else str(actor.id)],
    }
    try:
        row = await (await conn.execute(_BOOK, values)).fetchone()
    except psycopg.DatabaseError as err:
        fact = _fact(err, wish.starts_at, hold_id)
        if fact is None:
            raise
        raise fact from err
    assert row is not None  # noqa: S101  a function gives one row
    return _decoder.decode(row[0])


async def get_appointment(conn: Connection, appointment_id: UUID) -> Appointment:
    """Return one appointment, its times in UTC.

    Raises:
        AppointmentUnknown: the entered tenant has none of that id.
    """
    async with conn.cursor(row_factory=class_row(Appointment)) as cur:
        await cur.execute(_GET, {"id": appointment_id})
        appointment = await cur.fetchone()
    if appointment is None:
        raise AppointmentUnknown(appointment_id)
    return appointment


async def release_hold(conn: Connection, hold_id: UUID) -> bool:
    """Give a hold up; tell whether there was one."""
    return (await conn.execute(_RELEASE, {"id": hold_id})).rowcount > 0


def _fact(error: psycopg.DatabaseError, starts_at: datetime, hold_id: UUID | None) -> DomainError | None:
    """Return what a refusal of the database means."""
    if error.sqlstate == "23505" and error.diag.constraint_name == "idempotency_key_pkey":
        return KeyReused()  # by a request of another kind, at the same moment
    facts: dict[str, DomainError] = {
        "BK001": KeyReused(),
        "BK002": DecisionStale(),
        "BK003": SlotTaken(starts_at),
        "BK004": DayFull(starts_at),
        "BK005": HoldOver(hold_id or UUID(int=0)),
    }
    return facts.get(error.sqlstate or "")
