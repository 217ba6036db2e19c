"""`/api/tenants/{slug}/calendar`: what staff see of appointments, and do with them."""

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any
from uuid import UUID

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.availability.rules import date_range
from boka_app.body import read_body
from boka_app.conventions import paging
from boka_app.conventions.etag import etag, require_match
from boka_app.conventions.model import Page
from boka_app.database import Connection, tenant_transaction
from boka_app.idempotency.model import require_key
from boka_app.lifecycle import queries, rules, service
from boka_app.lifecycle.model import Edit, Ending, Entry, Filter, StaffBooking
from boka_app.lifecycle.resource import MOVE_PROBLEMS, WISH_PROBLEMS
from boka_app.openapi.operations import operation, parameter
from boka_app.parts import Parts, Routes
from boka_app.tenants.model import Tenant

_UNKNOWN = ("tenant-unknown", "appointment-unknown")
_Step = Callable[..., Awaitable[Any]]
_BODY = ("body-malformed", "body-invalid", "body-too-large", "media-type")


def routes(parts: Parts) -> Routes:
    """Return every address of the calendar and who answers it."""
    one = "/api/tenants/{slug}/calendar/{appointment_id:uuid}"
    return [
        ("/api/tenants/{slug}/calendar", CalendarResource(parts)),
        (one, EntryResource(parts)),
        (f"{one}/confirm", ConfirmResource(parts)),
        (f"{one}/cancel", CancelResource(parts)),
        (f"{one}/complete", CompleteResource(parts)),
        (f"{one}/no-show", NoShowResource(parts)),
        ("/api/tenants/{slug}/customers/{id:uuid}/appointments", HistoryResource(parts)),
    ]


class CalendarResource:
    """Everybody's appointments by time."""

    _decoder = msgspec.json.Decoder(StaffBooking)

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._pages = paging.Pages(parts.settings, "calendar", queries.Place)

    @operation(
        "List appointments",
        answer=Page[Entry],
        parameters=[
            parameter("from", "date", "First date, in the tenant's zone."),
            parameter("to", "date", "Last date, included; at most 31 days with the first."),
            parameter("employee", "uuid", "Only what this employee takes part in.", required=False),
            *paging.PARAMETERS,
        ],
        problems=["tenant-unknown", "range-invalid", "parameter-invalid"],
        needs="appointments.read",
    )
    async def on_get(self, req: Request, resp: Response, slug: str) -> None:
        """Answer a page of what starts on these dates, seats and what is over included."""
        first, last = req.get_param_as_date("from", required=True), req.get_param_as_date("to", required=True)
        employee_id, wanted = req.get_param_as_uuid("employee"), self._pages.wanted(req)
        async with _entered(self._parts, req, slug) as (conn, tenant):
            begin, end = rules.local_span(date_range(first, last), tenant.time_zone)
            which = Filter(employee=employee_id, begin=begin, end=end)
            entries = await queries.list_entries(conn, which, after=wanted.after, limit=wanted.fetch)
        self._pages.answer(req, resp, wanted, [service.in_zone(e) for e in entries], place)

    @operation(
        "Book for a customer",
        answer=Entry,
        status=201,
        body=StaffBooking,
        parameters=[
            parameter("Idempotency-Key", "text", "Fresh for each booking, 8 to 255 characters.", kind="header")
        ],
        problems=[
            "tenant-unknown",
            *WISH_PROBLEMS,
            "idempotency-key-missing",
            "idempotency-key-reused",
        ],
        needs="appointments.write",
    )
    async def on_post(self, req: Request, resp: Response, slug: str) -> None:
        """Book, or repeat the answer of the first request with this key."""
        key = require_key(req.get_header("Idempotency-Key"))
        wish = self._decoder.decode(await read_body(req, falcon.MEDIA_JSON))
        claim, actor = (key, hashlib.sha256(b"staff" + msgspec.json.encode(wish)).digest()), req.context.principal.actor
        async with _entered(self._parts, req, slug) as (conn, tenant):
            booked = await service.book(conn, tenant, wish, claim=claim, actor=actor, now=self._parts.now())
            _show(resp, await queries.get_entry(conn, booked))
        resp.status = falcon.HTTP_201
        resp.location = f"{req.path}/{booked}"


class EntryResource:
    """One appointment, whole."""

    _decoder = msgspec.json.Decoder(Edit)

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @operation("Read an appointment as staff", answer=Entry, problems=_UNKNOWN, needs="appointments.read")
    async def on_get(self, req: Request, resp: Response, slug: str, appointment_id: UUID) -> None:
        """Answer the appointment and its ETag."""
        async with _entered(self._parts, req, slug) as (conn, _tenant):
            _show(resp, await queries.get_entry(conn, appointment_id))

    @operation(
        "Change an appointment",
        answer=Entry,
        body=Edit,
        parameters=[parameter("If-Match", "text", "The ETag that reading it answered.", kind="header")],
        problems=[*_UNKNOWN, *MOVE_PROBLEMS, "match-missing", "version-changed"],
        needs="appointments.write",
    )
    async def on_patch(self, req: Request, resp: Response, slug: str, appointment_id: UUID) -> None:
        """Keep notes, move, waive a fee; answer the appointment as it is then."""
        edit = self._decoder.decode(await read_body(req, falcon.MEDIA_JSON))
        async with _entered(self._parts, req, slug) as (conn, tenant):
            match = partial(require_match, req)
            await service.edit(conn, tenant, appointment_id, edit, match=match, now=self._parts.now())
            _show(resp, await queries.get_entry(conn, appointment_id))


class _Action:
    """One step of an appointment's life."""

    _decoder = msgspec.json.Decoder(Ending)

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def _take(self, req: Request, resp: Response, key: tuple[str, UUID], step: _Step) -> None:
        slug, appointment_id = key
        async with _entered(self._parts, req, slug) as (conn, _tenant):
            await step(conn, appointment_id, now=self._parts.now())
            _show(resp, await queries.get_entry(conn, appointment_id))

    async def _ending(self, req: Request) -> Ending:
        return self._decoder.decode(await read_body(req, falcon.MEDIA_JSON))


class ConfirmResource(_Action):
    """Make it certain."""

    @operation(
        "Confirm an appointment",
        answer=Entry,
        problems=[*_UNKNOWN, "appointment-ended"],
        needs="appointments.write",
    )
    async def on_post(self, req: Request, resp: Response, slug: str, appointment_id: UUID) -> None:
        """Confirm what is pending, unpaid or not."""
        await self._take(req, resp, (slug, appointment_id), service.confirm_or_refuse)


class CancelResource(_Action):
    """Call it off."""

    @operation(
        "Cancel an appointment as staff",
        answer=Entry,
        body=Ending,
        problems=[*_UNKNOWN, *_BODY, "appointment-ended"],
        needs="appointments.write",
    )
    async def on_post(self, req: Request, resp: Response, slug: str, appointment_id: UUID) -> None:
        """Cancel; the fee is the policy's, unless waived."""
        ending = await self._ending(req)
        step = partial(service.cancel, by="staff", reason=ending.reason, waive_fee=ending.waive_fee)
        await self._take(req, resp, (slug, appointment_id), step)


class CompleteResource(_Action):
    """The customer came."""

    @operation(
        "Complete an appointment",
        answer=Entry,
        problems=[*_UNKNOWN, "appointment-ended", "not-begun"],
        needs="appointments.write",
    )
    async def on_post(self, req: Request, resp: Response, slug: str, appointment_id: UUID) -> None:
        """Note that it took place."""
        await self._take(req, resp, (slug, appointment_id), service.complete)


class NoShowResource(_Action):
    """The customer stayed away."""

    @operation(
        "Mark a no-show",
        answer=Entry,
        body=Ending,
        problems=[*_UNKNOWN, *_BODY, "appointment-ended", "not-begun"],
        needs="appointments.write",
    )
    async def on_post(self, req: Request, resp: Response, slug: str, appointment_id: UUID) -> None:
        """Note the absence; the fee is the policy's, unless waived."""
        ending = await self._ending(req)
        step = partial(service.mark_no_show, waive_fee=ending.waive_fee)
        await self._take(req, resp, (slug, appointment_id), step)


class HistoryResource:
    """What one customer booked."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._pages = paging.Pages(parts.settings, "history", queries.Place)

    @operation(
        "List a customer's appointments",
        answer=Page[Entry],
        parameters=paging.PARAMETERS,
        problems=["tenant-unknown", "parameter-invalid"],
        needs="appointments.read",
    )
    async def on_get(self, req: Request, resp: Response, slug: str, id: UUID) -> None:  # noqa: A002  as the customer's own address has it
        """Answer a page, oldest first."""
        wanted = self._pages.wanted(req)
        async with _entered(self._parts, req, slug) as (conn, _tenant):
            entries = await queries.list_entries(conn, Filter(customer=id), after=wanted.after, limit=wanted.fetch)
        self._pages.answer(req, resp, wanted, [service.in_zone(e) for e in entries], place)


def place(entry: Entry) -> queries.Place:
    """Return where an appointment stands in a list."""
    return entry.starts_at, entry.id


def _entered(parts: Parts, req: Request, slug: str) -> AbstractAsyncContextManager[tuple[Connection, Tenant]]:
    """Open a transaction as whoever the middleware found to ask."""
    return tenant_transaction(parts.pool, slug, req.context.principal.actor)


def _show(resp: Response, entry: Entry) -> None:
    resp.set_header("ETag", etag(entry.version))
    resp.cache_control = ["no-store"]
    resp.media = service.in_zone(entry)
