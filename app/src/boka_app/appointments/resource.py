"""`/api/tenants/{slug}/appointments`: book, for programs."""

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.appointments.model import Booked, BookingRequest
from boka_app.appointments.service import AppointmentService
from boka_app.body import read_body
from boka_app.idempotency.model import require_key
from boka_app.openapi.operations import operation, parameter

_WISH_PROBLEMS = (
    "tenant-unknown",
    "service-unknown",
    "employee-unknown",
    "slot-past",
    "notice-too-short",
    "beyond-horizon",
    "outside-hours",
    "slot-taken",
    "idempotency-key-missing",
    "idempotency-key-reused",
    "body-malformed",
    "body-invalid",
    "body-too-large",
    "media-type",
)


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
        parameters=[
            parameter("Idempotency-Key", "text", "Fresh for each booking, 8 to 255 characters.", kind="header")
        ],
        problems=_WISH_PROBLEMS,
    )
    async def on_post(self, req: Request, resp: Response, slug: str) -> None:
        """Book, or repeat the answer of the first request with this key."""
        key = require_key(req.get_header("Idempotency-Key"))
        wish = self._decoder.decode(await read_body(req, falcon.MEDIA_JSON))
        booked, replayed = await self._appointments.book(slug, wish, key=key)
        resp.status = falcon.HTTP_201
        resp.location = f"/api/tenants/{slug}/appointments/{booked.appointment.id}"
        resp.cache_control = ["no-store"]
        resp.media = booked
        if replayed:
            resp.set_header("Idempotent-Replayed", "true")
