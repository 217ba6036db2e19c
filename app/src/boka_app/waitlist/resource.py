"""`/api/tenants/{slug}/waitlist`: wait for a free start, take it or leave; and for staff, who waits."""

from uuid import UUID

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.appointments.model import Booked
from boka_app.body import read_body
from boka_app.conventions import paging
from boka_app.conventions.model import Page
from boka_app.database import tenant_transaction
from boka_app.idempotency.model import require_key
from boka_app.lifecycle.resource import bearer_token
from boka_app.openapi.operations import operation, parameter
from boka_app.parts import Parts, Routes
from boka_app.waitlist import queries
from boka_app.waitlist.model import Joined, JoinRequest, StaffWaitlistEntry, WaitlistEntry
from boka_app.waitlist.service import WaitlistService

_UNKNOWN = ("token-missing", "tenant-unknown", "waitlist-unknown")


def routes(parts: Parts) -> Routes:
    """Return every address of the waitlist and who answers it."""
    path = "/api/tenants/{slug}/waitlist"
    return [
        (path, WaitlistResource(parts)),
        (f"{path}/{{entry_id:uuid}}", PlaceResource(parts)),
        ("/api/tenants/{slug}/appointments/{appointment_id:uuid}/accept", OfferResource(parts)),
    ]


class WaitlistResource:
    """The queue."""

    _decoder = msgspec.json.Decoder(JoinRequest)

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._service = WaitlistService(parts)
        self._pages = paging.Pages(parts.settings, "waitlist", queries.Place)

    @operation(
        "Join the waitlist",
        answer=Joined,
        status=201,
        body=JoinRequest,
        parameters=[parameter("Idempotency-Key", "text", "Fresh for each place, 8 to 255 characters.", kind="header")],
        problems=[
            "tenant-unknown",
            "service-unknown",
            "employee-unknown",
            "range-invalid",
            "idempotency-key-missing",
            "idempotency-key-reused",
            "body-malformed",
            "body-invalid",
            "body-too-large",
            "media-type",
        ],
    )
    async def on_post(self, req: Request, resp: Response, slug: str) -> None:
        """Take the last place, or repeat the answer of the first request with this key."""
        key = require_key(req.get_header("Idempotency-Key"))
        wish = self._decoder.decode(await read_body(req, falcon.MEDIA_JSON))
        joined = await self._service.join(slug, wish, key=key)
        resp.status = falcon.HTTP_201
        resp.location = f"/api/tenants/{slug}/waitlist/{joined.entry.id}"
        resp.cache_control = ["no-store"]
        resp.media = joined

    @operation(
        "List who waits",
        answer=Page[StaffWaitlistEntry],
        parameters=paging.PARAMETERS,
        problems=["tenant-unknown", "parameter-invalid"],
        needs="appointments.read",
    )
    async def on_get(self, req: Request, resp: Response, slug: str) -> None:
        """Answer a page of those who wait or have an offer, whoever waits longest first."""
        wanted = self._pages.wanted(req)
        async with tenant_transaction(self._parts.pool, slug, req.context.principal.actor) as (conn, _tenant):
            entries = await queries.list_entries(conn, after=wanted.after, limit=wanted.fetch)
        self._pages.answer(req, resp, wanted, entries, lambda entry: (entry.created_at, entry.id))


class PlaceResource:
    """One place in the queue, for whoever has its token."""

    def __init__(self, parts: Parts) -> None:
        self._service = WaitlistService(parts)

    @operation("Read a place on the waitlist", answer=WaitlistEntry, problems=_UNKNOWN)
    async def on_get(self, req: Request, resp: Response, slug: str, entry_id: UUID) -> None:
        """Answer the place, and what it is offered."""
        resp.media = await self._service.read(slug, entry_id, bearer_token(req))
        resp.cache_control = ["no-store"]

    @operation("Leave the waitlist", answer=WaitlistEntry, problems=_UNKNOWN)
    async def on_delete(self, req: Request, resp: Response, slug: str, entry_id: UUID) -> None:
        """Give the place up, and what was held for it."""
        resp.media = await self._service.leave(slug, entry_id, bearer_token(req))
        resp.cache_control = ["no-store"]


class OfferResource:
    """What is held for somebody who waited, by the token of the appointment."""

    def __init__(self, parts: Parts) -> None:
        self._service = WaitlistService(parts)

    @operation(
        "Accept an offer of the waitlist",
        answer=Booked,
        problems=["token-missing", "tenant-unknown", "appointment-unknown", "nothing-offered"],
    )
    async def on_post(self, req: Request, resp: Response, slug: str, appointment_id: UUID) -> None:
        """Book what is held; twice is no error."""
        resp.media = await self._service.accept(slug, appointment_id, bearer_token(req))
        resp.cache_control = ["no-store"]
