"""Tenants, services, calendars and wishes with good defaults; a test names only what matters to it."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from boka_app.availability.model import Availability, Calendar, Offer
from boka_app.availability.rules import cell_of
from boka_app.lifecycle.model import Visit
from boka_app.tenants.model import Tenant

MONDAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)  # the Friday before
ADA, BELA = UUID(int=0xADA), UUID(int=0xBE1A)
EVERY_DAY = range(1, 8)


def at(hour: int, minute: int = 0, *, day: date = MONDAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def stamp(moment: datetime) -> str:
    """Return the moment as the API writes one in UTC."""
    return moment.isoformat().replace("+00:00", "Z")


def tenant(**changes: Any) -> Tenant:
    defaults = {
        "id": UUID(int=1),
        "slug": "salon",
        "name": "Salon",
        "time_zone": "UTC",
        "locale": "en",
        "currency": "EUR",
        "min_notice_minutes": 0,
        "horizon_days": 365,
        "hold_minutes": 5,
        "cancel_until_minutes": 0,
        "cancel_fee_percent": 0,
        "reschedule_until_minutes": 0,
        "reschedule_limit": None,
        "no_show_fee_percent": 0,
    }
    return Tenant(**(defaults | changes))


def service(**changes: Any) -> Offer:
    defaults = {
        "id": UUID(int=2),
        "name": "Haircut",
        "duration_minutes": 30,
        "buffer_before_minutes": 0,
        "buffer_after_minutes": 0,
        "step_minutes": 30,
        "price_minor": 0,
        "currency": "EUR",
    }
    return Offer(**(defaults | changes))


def availability(
    *calendars: Calendar, svc: Offer | None = None, ten: Tenant | None = None, **more: Any
) -> Availability:
    """Return what a search finds when these employees perform the service."""
    return Availability(tenant=ten or tenant(), service=svc or service(), calendars=list(calendars), **more)


def calendar(
    opens: int = 9 * 60,
    closes: int = 12 * 60,
    *,
    employee_id: UUID = ADA,
    exceptions: list[tuple[int, int, int]] | None = None,
    busy: list[tuple[datetime, datetime]] | None = None,
    **more: Any,
) -> Calendar:
    """Return one employee's calendar, open every day from `opens` to `closes` (minutes since local midnight)."""
    return Calendar(
        employee_id=employee_id,
        rules=[(weekday, opens, closes) for weekday in EVERY_DAY],
        exceptions=exceptions or [],
        busy=[(cell_of(begin), cell_of(end)) for begin, end in busy or []],
        **more,
    )


def visit(**changes: Any) -> Visit:
    """Return a confirmed visit on Monday at 10:00 whose tenant's policies cost and forbid nothing."""
    defaults = {
        "id": UUID(int=3),
        "kind": "visit",
        "parent_id": None,
        "service_id": UUID(int=2),
        "employee_id": ADA,
        "starts_at": at(10),
        "ends_at": at(10, 30),
        "status": "confirmed",
        "source": "web",
        "expires_at": None,
        "price_minor": 2000,
        "currency": "EUR",
        "paid_minor": 0,
        "fee_minor": 0,
        "reschedules": 0,
        "version": 1,
        "cancel_until_minutes": 0,
        "cancel_fee_percent": 0,
        "reschedule_until_minutes": 0,
        "reschedule_limit": None,
        "no_show_fee_percent": 0,
    }
    return Visit(**(defaults | changes))
