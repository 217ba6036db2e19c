"""What of an event the public may know, and how a place in the stream is written."""

import re
from typing import Any, Literal

import msgspec

from boka_app.live.model import Change, Event, Position

_POSITION = re.compile(r"(\d{1,18})-(\d{1,18})")  # as many digits as PostgreSQL's bigint has at any rate
_CHANGES: dict[str, tuple[tuple[str, Literal["taken", "freed"]], ...]] = {
    "appointment.held": (("", "taken"),),
    "appointment.booked": (("", "taken"),),
    "appointment.cancelled": (("", "freed"),),
    "appointment.expired": (("", "freed"),),
    "appointment.moved": (("was_", "freed"), ("", "taken")),  # how the keys of the span begin in the payload
}


def position(text: str) -> Position | None:
    """Return a place from its text, None if it is none."""
    found = _POSITION.fullmatch(text)
    return Position(int(found[1]), int(found[2])) if found else None


def changes(event: Event) -> list[Change]:
    """Return what an event does to the free times, without saying whose or what for."""
    return [_change(kind, event.payload, prefix) for prefix, kind in _CHANGES.get(event.kind, ())]


def _change(kind: str, payload: dict[str, Any], prefix: str) -> Change:
    span = {name: payload[prefix + name] for name in ("starts_at", "ends_at")}
    return msgspec.convert({"kind": kind, "employee": payload[f"{prefix}employee_id"]} | span, Change)
