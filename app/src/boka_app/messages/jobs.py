"""What the worker does about messages: plan them, send them, and look for those whose time has come.

A worker killed between the server's yes and our note makes a message go out twice, under one Message-ID: that is the
price of never losing one.
"""

import asyncio
import logging
import random
import smtplib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec
from msgspec.structs import asdict

from boka_app.calendars.model import Visit
from boka_app.calendars.queries import get_visit
from boka_app.messages import chat, mail, queries, rules, sms, words
from boka_app.messages.links import links
from boka_app.messages.model import Attempt, ChannelBody, Refused, Subject, Template, TemplateBroken, Words
from boka_app.messages.queue import queue
from boka_app.worker.defer import defer_all
from boka_app.worker.metrics import NOTIFICATIONS
from boka_app.worker.model import Event, TryAgain, Work
from boka_app.worker.rules import pause
from boka_app.worker.tenants import job_transaction, tenant_ids

EVENTS = rules.EVENTS  # which events make messages
_MOST_ATTEMPTS = 10  # with the pauses below, some 12 hours
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=2)
_LATER = (OSError, smtplib.SMTPException, httpx.HTTPError)
_log = logging.getLogger(__name__)


async def plan_messages(work: Work, event: Event) -> None:
    """Queue what an event makes, and withdraw the reminders it makes wrong."""
    now = work.now()
    async with job_transaction(work.pool, event.tenant_id) as conn:
        visit = await queries.get_visit(conn, subject_id=event.subject_id)
        if visit is None:
            return  # a hold, or a session: nobody to write to
        if event.kind in rules.ENDS_REMINDERS:
            await queries.withdraw(conn, appointment_id=visit.id, kind=rules.REMINDER)
        active = {*await queries.active_channels(conn)}
        for planned in rules.plan(event.kind, event.id, visit, active, now):
            subject_id = visit.id if planned.kind == rules.REMINDER else event.subject_id
            about: Any = {"appointment_id": visit.id, "customer_id": visit.customer_id} | asdict(planned)
            await queue(conn, subject_id=subject_id, now=now, **about)


async def sweep_notifications(work: Work) -> None:
    """Order what is due: reminders."""
    for tenant_id in await tenant_ids(work.pool):
        async with job_transaction(work.pool, tenant_id) as conn:
            await defer_all(conn, "send_notification", tenant_id, await queries.begin_due(conn, now=work.now()))


async def send_notification(work: Work, tenant_id: UUID, notification_id: UUID) -> None:
    """Make one attempt at one message.

    Raises:
        TryAgain: it did not go out, and there are attempts left.
    """
    async with job_transaction(work.pool, tenant_id) as conn:
        subject = await queries.get_subject(conn, id=notification_id)
        if subject is None:
            return
        own = await queries.list_templates(conn, kind=subject.kind, channel=subject.channel)
        whole = subject.kind == "appointment.confirmed"
        ids = await queries.list_occurrences(conn, appointment_id=subject.appointment_id, whole_series=whole)
        visits = [await get_visit(conn, id=each) for each in ids]
    attempt = await _attempt(work, subject, {each.locale: each for each in own}, visits)
    async with job_transaction(work.pool, tenant_id) as conn:
        await queries.settle(conn, id=notification_id, now=work.now(), **asdict(attempt))
    NOTIFICATIONS.labels(subject.channel, "retried" if attempt.status == "sending" else attempt.status).inc()
    if attempt.status == "sending":
        chance = random.random()  # noqa: S311  spreads load, guards nothing
        raise TryAgain(pause(subject.attempts + 1, chance, first=_FIRST_PAUSE, growth=3, most=_LONGEST_PAUSE))


async def _attempt(work: Work, subject: Subject, own: Mapping[str, Template], visits: list[Visit]) -> Attempt:
    """Send, unless it is not to be sent."""
    withheld = rules.withheld(subject, work.now())
    if withheld is not None:
        return Attempt(status=withheld)
    try:
        return Attempt(status="sent", provider_ref=await _send(work, subject, own, visits))
    except (Refused, TemplateBroken) as err:
        return Attempt(status="dead", failure=str(err))
    except _LATER as err:
        last = subject.attempts + 1 >= _MOST_ATTEMPTS
        return Attempt(status="dead" if last else "sending", failure=type(err).__name__)


async def _send(work: Work, subject: Subject, own: Mapping[str, Template], visits: list[Visit]) -> str | None:
    """Fill the words in and hand the message over; return what the other end calls it."""
    locale = (None if subject.channel == "chat" else subject.customer_locale) or subject.tenant_locale
    found = links(work.settings, subject, None if subject.secret is None else work.vault.open(subject.secret))
    filled = _fill_in(subject, own, words.values(subject, visits, found, locale), locale)
    if subject.channel == "email":
        if work.settings.mail is None:
            raise OSError("BOKA_SMTP_HOST is not set")  # the operator's to mend: messages wait for it
        message = mail.compose(work.settings, subject, filled, visits, found.get("unsubscribe"), work.now())
        await asyncio.to_thread(mail.send, work.settings.mail, message)
        return message["Message-ID"]
    assert subject.channel_configuration is not None  # noqa: S101  rules.withheld looked
    channel = msgspec.json.decode(work.vault.open(subject.channel_configuration), type=ChannelBody)
    if subject.channel == "sms":
        return await sms.send(work.http, work.settings.sms_url, channel, subject.customer_phone or "", filled.text)
    await chat.send(channel.address, filled.text)
    return None


def _fill_in(subject: Subject, own: Mapping[str, Template], values: dict[str, Any], locale: str) -> Words:
    try:
        return words.fill_in(words.best(own, subject.kind, subject.channel, locale), values)
    except TemplateBroken as err:
        _log.warning("a tenant's template is broken, the built-in words go out", extra={"facts": {"fault": str(err)}})
        return words.fill_in(words.built_in(subject.kind, subject.channel, locale), values)
