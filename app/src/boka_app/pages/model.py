"""What the pages show, worked out without I/O."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from boka_app.appointments.model import FORM_BY_POINTER, BookingRequest
from boka_app.availability.model import Slot
from boka_app.availability.rules import check_limits
from boka_app.problems.catalog import body_faults
from boka_app.series.model import SeriesRequest
from boka_app.tenants.model import Tenant
from boka_app.waitlist.model import JoinRequest

_Form = TypeVar("_Form")
REASONS = {  # why nothing is free, for whom it concerns; {n} times or days
    "outside_hours": "Closed on {n} days.",
    "busy": "{n} times are taken.",
    "full": "{n} groups are full.",
    "min_notice": "{n} times are too soon: the business wants to know earlier.",
    "horizon": "{n} times are too far ahead: the business does not plan them yet.",
    "cap": "{n} times are on days with as many visits as are taken.",
}
REPEATS = 12  # weeks that the form offers; the API takes more
DAYS_SHOWN = 7
DAYS_KNOWN = 28  # of the strip above; an answer may have 31


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A date, the free slots of it that are shown, how many there are, and whether it is one of the shown."""

    date: date
    slots: list[Slot]
    free: int
    shown: bool


class FormInvalid(Exception):
    """A field needs correction; `help_by_field` says which and how."""

    def __init__(self, help_by_field: dict[str, str]) -> None:
        super().__init__(", ".join(help_by_field))
        self.help_by_field = help_by_field


def today(tenant: Tenant, now: datetime) -> date:
    """Return the date it is at the tenant's."""
    return now.astimezone(ZoneInfo(tenant.time_zone)).date()


def dates_from(wanted: date | None, tenant: Tenant, now: datetime) -> list[date]:
    """Return four weeks of dates from the wanted one, moved into what can be booked."""
    first = today(tenant, now)
    last = first + timedelta(days=tenant.horizon_days)
    start = min(max(wanted or first, first), last)
    return [start + timedelta(days=n) for n in range(DAYS_KNOWN)]


def in_zone(slots: list[Slot], zone: str) -> list[Slot]:
    """Return the slots as the clocks of a zone show them."""
    place = ZoneInfo(zone)
    return [
        msgspec.structs.replace(s, starts_at=s.starts_at.astimezone(place), ends_at=s.ends_at.astimezone(place))
        for s in slots
    ]


def days(dates: list[date], slots: list[Slot]) -> list[Day]:
    """Return every date, also one without a slot; the first seven are to be shown.

    In a zone far from the tenant's, slots of the last date may fall on the day after; that is none of the dates.
    """
    by_date: dict[date, list[Slot]] = {day: [] for day in dates}
    for slot in slots:
        by_date.setdefault(slot.starts_at.date(), []).append(slot)
    return [
        Day(date=day, slots=its, free=len(its), shown=n < DAYS_SHOWN)
        for n, (day, its) in enumerate(sorted(by_date.items()))
    ]


def zone_from(wanted: str | None, tenant: Tenant) -> tuple[str, bool]:
    """Return the zone to show times in, and whether the wanted one is unknown."""
    known = not wanted or wanted in available_timezones()
    return (wanted or tenant.time_zone) if known else tenant.time_zone, not known


def wish_from_form(fields: Mapping[str, str], service_id: UUID) -> BookingRequest:
    """Return the wish a form expresses.

    Raises:
        FormInvalid: the person can correct it.
        msgspec.ValidationError: a hidden field is wrong, so the form is not ours.
    """
    wish = {
        "starts_at": fields.get("at", ""),
        "special_requests": fields.get("wishes", "")[:2000].strip(),
        "hold": fields.get("hold") or None,
        "hold_token": fields.get("hold_token", ""),
    }
    return _converted(fields, service_id, wish, BookingRequest)


def series_from_form(fields: Mapping[str, str], service_id: UUID) -> SeriesRequest:
    """Return the wish for a visit every week that a form expresses.

    Raises:
        FormInvalid, msgspec.ValidationError: as for a booking.
    """
    first = wish_from_form(fields, service_id)
    return SeriesRequest(
        service=service_id,
        starts_at=first.starts_at,
        employee=first.employee,
        customer=first.customer,
        special_requests=first.special_requests,
        every_days=7,
        occurrences=msgspec.convert(fields.get("visits"), Annotated[int, msgspec.Meta(ge=2, le=REPEATS)], strict=False),
        partial="partial" in fields,
    )


def waiting_from_form(fields: Mapping[str, str], service_id: UUID, time_zone: str) -> JoinRequest:
    """Return the wish to wait that a form expresses: from the beginning of one date to the end of another.

    Raises:
        FormInvalid, msgspec.ValidationError: as for a booking.
    """
    zone = ZoneInfo(time_zone)
    first, last = (msgspec.convert(fields.get(name, ""), date) for name in ("from", "to"))
    wish = {
        "earliest": datetime.combine(first, time(), zone).isoformat(),
        "latest": datetime.combine(last + timedelta(days=1), time(), zone).isoformat(),
    }
    return _converted(fields, service_id, wish, JoinRequest)


def _converted(fields: Mapping[str, str], service_id: UUID, wish: dict[str, Any], form: type[_Form]) -> _Form:
    """Return a wish with what every form has: the service, the person asked for, and who comes."""
    customer: dict[str, Any] = {name: fields.get(name, "").strip() for name in ("name", "email", "phone")}
    whose = {"customer": customer | {"phone": customer["phone"] or None}, "employee": fields.get("employee") or None}
    try:
        return msgspec.convert({"service": str(service_id)} | wish | whose, form)
    except msgspec.ValidationError as err:
        (fault,) = body_faults(err)
        if fault["pointer"] not in FORM_BY_POINTER:
            raise
        help_text = fault["detail"][:1].upper() + fault["detail"][1:] + "."
        raise FormInvalid({fault["pointer"].rpartition("/")[2]: help_text}) from err


def local_start(at: str, tenant: Tenant, now: datetime) -> datetime:
    """Return a form's start in the tenant's zone.

    Raises:
        msgspec.ValidationError: it is no date and time with an offset.
        SlotInPast, NoticeTooShort, BeyondHorizon: no form can book it any more, or yet.
    """
    moment = msgspec.convert(at, Annotated[datetime, msgspec.Meta(tz=True)])
    check_limits(tenant, moment, now)
    return moment.astimezone(ZoneInfo(tenant.time_zone))
