"""`/api/tenants/{slug}/appointments` and `/holds`: book, and keep a slot meanwhile, for programs."""

from uuid import UUID

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.appointments.model import (
    NOT_ONES_OWN,
    Booked,
    BookingRequest,
    Held,
    HoldOver,
    HoldRequest,
)
from boka_app.appointments.service import AppointmentService
from boka_app.availability.model import UNBOOKABLE, DecisionStale
from boka_app.body import read_body
from boka_app.conventions.api import bearer_token
from boka_app.idempotency.model import require_key
from boka_app.openapi.operations import operation
from boka_app.parts import Parts, Routes
from boka_app.tenants.model import CUSTOMER, Actor

_SOURCE_BY_KIND = {"account": "staff", "api_key": "api"}


def make_service(parts: Parts) -> AppointmentService:
    """Return what books, made of the parts."""
    settings = parts.settings
    return AppointmentService(
        parts.pool,
        signing_key=settings.signing_key,
        public_url=settings.public_url,
        now=parts.now,
        cache=parts.cache,
        earlier_keys=settings.signing_keys[1:],
    )


def routes(appointments: AppointmentService) -> Routes:
    """Return the addresses at which slots are booked and held, and who answers them."""
    tenant = "/api/tenants/{slug}"
    return [
        (f"{tenant}/appointments", AppointmentsResource(appointments)),
        (f"{tenant}/holds", HoldsResource(appointments)),
        (f"{tenant}/holds/{{hold_id:uuid}}", HoldResource(appointments)),
    ]


class AppointmentsResource:
    """The appointments of a tenant."""

    _decoder = msgspec.json.Decoder(BookingRequest)  # built once: decoding also validates

    def __init__(self, appointments: AppointmentService) -> None:
        self._appointments = appointments

    @operation(
        "Book a slot",
        answer=Booked,
        status=201,
        body=BookingRequest,
        key=True,
        problems=[DecisionStale, HoldOver, *UNBOOKABLE],
    )
    async def on_post(self, req: Request, resp: Response, slug: str) -> None:
        """Book, or repeat the answer of the first request with this key."""
        key = require_key(req.get_header("Idempotency-Key"))
        wish = self._decoder.decode(await read_body(req, falcon.MEDIA_JSON))
        actor = _actor(req)
        source = _SOURCE_BY_KIND.get(actor.kind, "web")
        booked, replayed = await self._appointments.book(slug, wish, key=key, actor=actor, source=source)
        resp.status = falcon.HTTP_201
        resp.location = f"/api/tenants/{slug}/appointments/{booked.appointment.id}"
        resp.cache_control = ["no-store"]
        resp.media = booked
        if replayed:
            resp.set_header("Idempotent-Replayed", "true")


class HoldsResource:
    """Slots kept for somebody who is still choosing."""

    _decoder = msgspec.json.Decoder(HoldRequest)

    def __init__(self, appointments: AppointmentService) -> None:
        self._appointments = appointments

    @operation("Hold a slot", answer=Held, status=201, body=HoldRequest, problems=[DecisionStale, *UNBOOKABLE])
    async def on_post(self, req: Request, resp: Response, slug: str) -> None:
        """Keep a slot from others for the minutes that the tenant gives."""
        wish = self._decoder.decode(await read_body(req, falcon.MEDIA_JSON))
        held = await self._appointments.hold(slug, wish, actor=_actor(req))
        resp.status = falcon.HTTP_201
        resp.location = f"/api/tenants/{slug}/holds/{held.hold.id}"
        resp.cache_control = ["no-store"]
        resp.media = held


class HoldResource:
    """One hold, for whoever has its token."""

    def __init__(self, appointments: AppointmentService) -> None:
        self._appointments = appointments

    @operation("Give a hold up", answer=None, problems=NOT_ONES_OWN)
    async def on_delete(self, req: Request, resp: Response, slug: str, hold_id: UUID) -> None:
        """Free the slot at once."""
        await self._appointments.release(slug, hold_id, bearer_token(req))
        resp.status = falcon.HTTP_204


def _actor(req: Request) -> Actor:
    principal = req.context.get("principal")
    return CUSTOMER if principal is None else principal.actor
