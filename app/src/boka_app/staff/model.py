"""What staff's pages show and their forms say, worked out without I/O."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from boka_app.identity.model import Login
from boka_app.lifecycle.model import Edit, Entry

KINDS = (  # of events: what changes a page of staff
    "appointment.booked appointment.confirmed appointment.moved appointment.cancelled appointment.completed "
    "appointment.no_show appointment.expired appointment.edited payment.succeeded refund.succeeded"
)


def span(shown: date, *, week: bool) -> list[date]:
    """Return the dates of a calendar: one, or those of its week from Monday on."""
    first = shown - timedelta(days=shown.weekday()) if week else shown
    return [first + timedelta(days=n) for n in range(7 if week else 1)]


def by_day(dates: list[date], entries: list[Entry]) -> list[tuple[date, list[Entry]]]:
    """Return each date with its appointments in the tenant's zone; what was held and let go is left out."""
    kept = [entry for entry in entries if entry.status != "expired"]
    return [(day, [entry for entry in kept if entry.starts_at.date() == day]) for day in dates]


def login_from_form(fields: Mapping[str, str]) -> Login:
    """Return who wants in.

    Raises:
        msgspec.ValidationError: a field is empty or malformed.
    """
    typed = {name: fields.get(name, "").strip() or None for name in ("email", "code")}
    return msgspec.convert(typed | {"password": fields.get("password", "")}, Login)


def edit_from_form(fields: Mapping[str, str], time_zone: str) -> Edit:
    """Return what a form changes about an appointment: its notes, or when and with whom it is.

    Raises:
        msgspec.ValidationError: a field is malformed.
    """
    if "notes" in fields:
        return msgspec.convert({"notes": fields["notes"].replace("\r\n", "\n").strip()}, Edit)
    try:
        local = datetime.fromisoformat(fields.get("at", "")).replace(tzinfo=ZoneInfo(time_zone))
    except ValueError as err:
        raise msgspec.ValidationError("no date and time - at `$.at`") from err
    change: dict[str, Any] = {"starts_at": local, "override_limits": True}  # staff may book at the last minute
    return msgspec.convert(change | ({"employee": fields["employee"]} if fields.get("employee") else {}), Edit)


def next_page(wanted: str | None) -> str:
    """Return where to go after the log-in: a page of staff, never another site."""
    return wanted if wanted and wanted.startswith("/staff/") and not wanted.startswith("/staff/login") else "/staff"
