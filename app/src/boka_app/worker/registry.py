"""Every job of the worker: three tables. To add a job, write it in your feature's `jobs.py` and list it here.

A job is known by its function's name, which is what `defer` is given and what `jobs_total` shows; names are unique.
A job may be carried out twice when a worker is killed, so it must be right the second time too.
"""

from collections.abc import Awaitable, Callable
from fnmatch import fnmatchcase
from uuid import UUID

from boka_app.analytics import jobs as analytics
from boka_app.calendars import jobs as calendars
from boka_app.identity import jobs as identity
from boka_app.lifecycle import jobs as lifecycle
from boka_app.messages import jobs as messages
from boka_app.payments import jobs as payments
from boka_app.waitlist import jobs as waitlist
from boka_app.webhooks import jobs as webhooks
from boka_app.worker import jobs as worker
from boka_app.worker.model import Event, Work

EventJob = Callable[[Work, Event], Awaitable[None]]
ClockJob = Callable[[Work], Awaitable[None]]
DeferredJob = Callable[[Work, UUID, UUID], Awaitable[None]]

ON_EVENT: tuple[tuple[str, EventJob], ...] = (  # the event's kind, `*` stands for anything; the job
    ("appointment.*", calendars.follow_appointment),
    ("customer.erased", calendars.follow_erasure),
    *((f"appointment.{what}", payments.settle_payments) for what in ("cancelled", "expired", "no_show", "edited")),
    *((f"appointment.{end}", waitlist.offer_freed_start) for end in ("cancelled", "moved", "expired", "no_show")),
    *((kind, messages.plan_messages) for kind in messages.EVENTS),
    ("*", webhooks.fan_out),
)

ON_CLOCK: tuple[tuple[str, ClockJob], ...] = (  # cron in UTC, a sixth field are seconds; never twice at once
    ("17 * * * *", worker.clean_up),
    ("*/2 * * * *", calendars.sync_due_calendars),
    ("*/5 * * * *", analytics.refresh_daily_summary),
    ("* * * * * */20", lifecycle.expire_appointments),
    ("41 * * * *", lifecycle.forget_idempotency_keys),
    ("23 3 * * *", identity.forget_sessions),
    ("*/2 * * * *", payments.sweep_payments),
    ("* * * * *", messages.sweep_notifications),
)

DEFERRED: tuple[DeferredJob, ...] = (  # called by name, with a tenant and a subject
    calendars.sync_calendar,
    payments.check_payment,
    payments.close_payment,
    payments.make_refund,
    messages.send_notification,
    webhooks.deliver_webhook,
)


def names_for(kind: str) -> list[str]:
    """Return the jobs that an event of this kind starts."""
    return [job.__name__ for pattern, job in ON_EVENT if fnmatchcase(kind, pattern)]
