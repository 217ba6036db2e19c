"""Which messages follow from what happened, and whether one is still to be sent when its time has come."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from boka_app.messages.model import Channel, Subject, Visit

REMINDER = "appointment.reminder"
REMIND_BEFORE = (timedelta(hours=24), timedelta(hours=2))

_BOOKED = "appointment.confirmed"
ENDS_REMINDERS = ("appointment.moved", "appointment.cancelled", "appointment.expired")  # `plan` makes those that hold
# What the appointment must still be when the message goes out; kinds without a line go out whatever it is.
_STILL = {
    _BOOKED: {"confirmed"},
    "appointment.moved": {"confirmed", "pending"},
    "appointment.cancelled": {"cancelled"},
    "appointment.expired": {"expired"},
    REMINDER: {"confirmed"},
    "waitlist.offered": {"held", "pending"},
}
_ONE_LINK = ("member.invited", "account.password")  # nothing without the link they are for, which is kept till sent
# Which channels a kind of message has; those of the built-in words, which a test compares.
CHANNELS_BY_KIND: dict[str, tuple[Channel, ...]] = {
    _BOOKED: ("email", "chat"),
    "appointment.moved": ("email", "sms", "chat"),
    "appointment.cancelled": ("email", "sms", "chat"),
    "appointment.expired": ("email",),
    REMINDER: ("email", "sms"),
    "payment.succeeded": ("email",),
    "payment.failed": ("email", "chat"),
    "refund.succeeded": ("email",),
    "refund.failed": ("chat",),
    "waitlist.offered": ("email", "sms"),
    "member.invited": ("email",),
    "account.password": ("email",),
}
# What makes messages: events of their names, and a booking. One that waits for its payment is told of once it is paid.
EVENTS = ("appointment.booked", *(kind for kind in CHANNELS_BY_KIND if kind not in (REMINDER, *_ONE_LINK)))


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A message to queue."""

    kind: str
    channel: Channel
    dedupe_key: str
    due_at: datetime


def plan(event_kind: str, event_id: int, visit: Visit, active: set[str], now: datetime) -> list[Planned]:
    """Return the messages of an event; the same event always makes the same, under the same keys."""
    kind = _BOOKED if event_kind == "appointment.booked" else event_kind
    if kind == _BOOKED and visit.status != "confirmed":
        return []
    about = f"series:{visit.series_id}" if kind == _BOOKED and visit.series_id else f"event:{event_id}"
    messages = [
        Planned(kind=kind, channel=channel, dedupe_key=f"{kind}:{channel}:{about}", due_at=now)
        for channel in _channels(kind, visit, active)
    ]
    return [*messages, *_reminders(visit, active, now)]


def withheld(subject: Subject, now: datetime) -> Literal["suppressed", "cancelled"] | None:
    """Return why a message is not sent after all: `suppressed` by whom it is for, or `cancelled` by what changed."""
    still = _STILL.get(subject.kind)
    if subject.kind in _ONE_LINK and subject.secret is None:
        return "cancelled"
    if subject.erased or (still is not None and subject.status not in still):
        return "cancelled"
    if subject.kind == REMINDER:
        if subject.unsubscribed:
            return "suppressed"
        if subject.starts_at is None or subject.starts_at <= now:
            return "cancelled"
    return None if address(subject) else "cancelled"


def address(subject: Subject) -> str | None:
    """Return where the message goes; for chat, that it goes anywhere."""
    if subject.channel == "email":
        return subject.account_email or subject.customer_email
    if subject.channel_configuration is None:
        return None
    return subject.customer_phone if subject.channel == "sms" else "chat"


def _reminders(visit: Visit, active: set[str], now: datetime) -> Iterator[Planned]:
    for before in REMIND_BEFORE if visit.status == "confirmed" else ():
        due_at = visit.starts_at - before
        for channel in _channels(REMINDER, visit, active) if due_at > now else ():
            # Named by the start it is for: a visit that moves has another, one that moves back has this again.
            name = f"{visit.id}:{int(visit.starts_at.timestamp())}:{int(before.total_seconds())}"
            yield Planned(kind=REMINDER, channel=channel, due_at=due_at, dedupe_key=f"{REMINDER}:{channel}:{name}")


def _channels(kind: str, visit: Visit, active: set[str]) -> list[Channel]:
    reachable = {"email"} | (active if visit.has_phone else active - {"sms"})
    return [channel for channel in CHANNELS_BY_KIND[kind] if channel in reachable]
