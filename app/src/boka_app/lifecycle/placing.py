"""Give a start to a customer inside a larger transaction: for moves, series and the waitlist.

The same rules and the same SQL as booking's. Nothing here is noted or told; whoever calls does that last.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from msgspec import to_builtins
from msgspec.structs import replace
from psycopg.types.json import Jsonb

from boka_app.appointments.model import CustomerDetails
from boka_app.availability import rules
from boka_app.availability.model import BeyondHorizon, DayFull, NoticeTooShort, OutsideHours, SlotInPast, SlotTaken
from boka_app.availability.queries import find_availability
from boka_app.database import Connection
from boka_app.statements import run, value
from boka_app.tenants.model import Tenant

UNAVAILABLE = (SlotInPast, NoticeTooShort, BeyondHorizon, OutsideHours, DayFull, SlotTaken)  # why a start is not had
_WIDEST = {"min_notice_minutes": 0, "horizon_days": 730}  # what the tenant's own settings could allow at most

_LOCK = """
select lock_for_placing(
    s,
    case when s.assignment <> 'all' then %(employee_id)s::uuid end,
    array(
        select a.employee_id
        from appointment a
        where a.tenant_id = s.tenant_id and %(moved_id)s::uuid in (a.id, a.parent_id)
    ),
    %(dates)s
)
from service s
where s.tenant_id = current_tenant() and s.id = %(service_id)s
"""

_MOVE = "select move_appointment(%(id)s, %(starts_at)s, %(employees)s, %(now)s)"

_HOLD = """
select hold_visit(%(service_id)s, %(starts_at)s, %(customer_id)s, %(until)s, %(employees)s, %(now)s)
"""

_ACCEPT = "select accept_hold(%(id)s, %(now)s)"

_KEEP_CUSTOMER = "select keep_customer(current_tenant(), %(details)s)"

_NOTE_EXPIRED = "select note_expired()"

_REFUSAL_BY_SQLSTATE = {"BK003": SlotTaken, "BK004": DayFull}


async def candidates(  # noqa: PLR0913  what decides, by name
    conn: Connection,
    tenant: Tenant,
    service_id: UUID,
    starts_at: datetime,
    *,
    employee_id: UUID | None,
    now: datetime,
    except_id: UUID | None = None,
    override_limits: bool = False,
) -> list[UUID]:
    """Return who can take the start, in the order in which to ask them.

    `except_id` is an appointment that counts as if it were not: the one to move. With `override_limits` notice and
    horizon are those of no tenant.

    Raises:
        DomainError: nobody can, for the reasons of `availability.rules.choose_calendars`.
    """
    dates = [local_date(tenant, starts_at)]
    found = await find_availability(
        conn, tenant.id, service_id, dates, employee_id=employee_id, now=now, except_id=except_id
    )
    if found.service.assignment == "all" and employee_id is not None:  # it takes everybody, whoever is asked for
        found = await find_availability(conn, tenant.id, service_id, dates, now=now, except_id=except_id)
    if override_limits:
        offer = replace(found.service, min_notice_minutes=None, horizon_days=None)
        found = replace(found, tenant=replace(tenant, **_WIDEST), service=offer)
    return [calendar.employee_id for calendar in rules.choose_calendars(found, starts_at, now=now)]


def check_year(tenant: Tenant, starts_at: datetime, now: datetime) -> None:
    """Pass a start that any tenant could allow; keeps absurd years from the calculations.

    Raises:
        SlotInPast, BeyondHorizon: no tenant allows it.
    """
    rules.check_limits(replace(tenant, **_WIDEST), starts_at, now)


def local_date(tenant: Tenant, moment: datetime) -> date:
    """Return the tenant's date at a moment."""
    return moment.astimezone(ZoneInfo(tenant.time_zone)).date()


def refusal(sqlstate: str, starts_at: datetime) -> SlotTaken | DayFull:
    """Return what a SQLSTATE of placing means."""
    return _REFUSAL_BY_SQLSTATE[sqlstate](starts_at)


async def keep_customer(conn: Connection, details: CustomerDetails) -> UUID:
    """Return the one customer with this address, made if there is none."""
    return await _keep_customer(conn, details=Jsonb(to_builtins(details)))


def _placing(sql: LiteralString) -> Callable[..., Awaitable[Any]]:
    """Return what places; SlotTaken and DayFull say that none of the employees has room."""
    place = value(sql)

    async def place_or_refuse(conn: Connection, **facts: Any) -> Any:  # noqa: ANN401
        try:
            return await place(conn, **facts)
        except psycopg.Error as err:
            if err.sqlstate in _REFUSAL_BY_SQLSTATE:
                raise refusal(err.sqlstate, facts["starts_at"]) from err
            raise

    return place_or_refuse


lock = run(_LOCK, moved_id=None)
"""Keep others from the calendars that placing will change, those of an appointment to move included."""
move = _placing(_MOVE)
"""Give an appointment another start, with the first of the employees who is free; its row and id stay."""
hold = _placing(_HOLD)
"""Hold a start for a customer; the appointment's id."""
accept_hold = value(_ACCEPT)
"""Book what is held for a customer and locked; whether it was still held."""
note_expired = run(_NOTE_EXPIRED)
"""Audit what placing made expire: once a transaction, before its other entries."""
_keep_customer = value(_KEEP_CUSTOMER)
