"""What of an event the public may know, and how a place in the stream is written."""

import re
from typing import Any, Literal

import msgspec

from boka_app.live.model import Change, Event, Position

_POSITION = re.compile(r"(\d{1,18})-(\d{1,18})")  # as many digits as PostgreSQL's bigint has at any rate
_CHANGES: dict[str, tuple[tuple[str | None, Literal["taken", "freed"]], ...]] = {
    "appointment.booked": ((None, "taken"),),
    "appointment.cancelled": ((None, "freed"),),
    "appointment.expired": ((None, "freed"),),
    "appointment.moved": (("previous", "freed"), (None, "taken")),  # the key of the payload that holds the span
}


def position(text: str) -> Position | None:
    """Return a place from its text, None if it is none."""
    found = _POSITION.fullmatch(text)
    return Position(int(found[1]), int(found[2])) if found else None


def changes(event: Event) -> list[Change]:
    """Return what an event does to the free times, without saying whose or what for."""
    found = [(kind, event.payload.get(key) if key else event.payload) for key, kind in _CHANGES.get(event.kind, ())]
    return [_change(kind, span) for kind, span in found if span]


def _change(kind: str, span: dict[str, Any]) -> Change:
    facts = {"kind": kind, "employee": span["employee_id"], "starts_at": span["starts_at"], "ends_at": span["ends_at"]}
    return msgspec.convert(facts, Change)
