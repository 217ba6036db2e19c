"""`/api/tenants/{slug}/appointments/{id}`: what customers do with their own, by the token of its booking."""

import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.appointments import queries as appointments
from boka_app.appointments import tokens
from boka_app.appointments.model import Appointment, AppointmentUnknown, TokenMissing
from boka_app.appointments.service import in_zone
from boka_app.availability.model import DayFull, SlotTaken
from boka_app.availability.service import next_starts
from boka_app.body import read_body
from boka_app.conventions.etag import etag, require_match
from boka_app.database import Connection, tenant_transaction
from boka_app.idempotency import queries as keys
from boka_app.idempotency.model import require_key
from boka_app.lifecycle import queries, rules, service
from boka_app.lifecycle.model import CancelledAppointment, Move, PolicyPreview
from boka_app.openapi.operations import operation, parameter
from boka_app.parts import Parts, Routes
from boka_app.tenants.model import Tenant

_PROBLEMS = ("token-missing", "tenant-unknown", "appointment-unknown")
WISH_PROBLEMS = (
    "employee-unknown",
    "service-unknown",
    "slot-past",
    "notice-too-short",
    "beyond-horizon",
    "outside-hours",
    "slot-taken",
    "day-full",
    "body-malformed",
    "body-invalid",
    "body-too-large",
    "media-type",
)
MOVE_PROBLEMS = ("appointment-started", "appointment-ended", "move-refused", *WISH_PROBLEMS)


def routes(parts: Parts) -> Routes:
    """Return the addresses of one appointment and who answers them."""
    one = "/api/tenants/{slug}/appointments/{appointment_id:uuid}"
    return [(one, AppointmentResource(parts)), (f"{one}/policy-preview", PolicyResource(parts))]


class AppointmentResource:
    """One appointment, for whoever has its token."""

    _decoder = msgspec.json.Decoder(Move)

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @operation("Read an appointment", answer=Appointment, problems=_PROBLEMS)
    async def on_get(self, req: Request, resp: Response, slug: str, appointment_id: UUID) -> None:
        """Answer the appointment and its ETag."""
        async with _own(self._parts, req, slug, appointment_id) as (conn, _tenant):
            await _show(conn, resp, appointment_id)

    @operation(
        "Move an appointment",
        answer=Appointment,
        body=Move,
        parameters=[
            parameter("Idempotency-Key", "text", "Fresh for each move.", kind="header", required=False),
            parameter("If-Match", "text", "The ETag of the version to move.", kind="header", required=False),
        ],
        problems=[*_PROBLEMS, *MOVE_PROBLEMS, "idempotency-key-reused", "version-changed"],
    )
    async def on_patch(self, req: Request, resp: Response, slug: str, appointment_id: UUID) -> None:
        """Move it, once for each key, and answer the appointment as it is then."""
        move = self._decoder.decode(await read_body(req, falcon.MEDIA_JSON))
        try:
            async with _own(self._parts, req, slug, appointment_id) as (conn, tenant):
                if not await _carried_out(conn, req, appointment_id, move):
                    now = self._parts.now()
                    visit = await service.lock_for_move(conn, tenant, appointment_id, move, now)
                    if req.get_header("If-Match") is not None:
                        require_match(req, visit.version)
                    await service.reschedule(conn, tenant, visit, move, by="customer", now=now)
                await _show(conn, resp, appointment_id)
        except (SlotTaken, DayFull) as err:
            raise await with_next(self._parts, slug, appointment_id, err) from err

    @operation(
        "Cancel an appointment",
        answer=CancelledAppointment,
        problems=[*_PROBLEMS, "appointment-started", "appointment-ended"],
    )
    async def on_delete(self, req: Request, resp: Response, slug: str, appointment_id: UUID) -> None:
        """Cancel and answer the appointment as it is now, what it costs, and what goes back."""
        async with _own(self._parts, req, slug, appointment_id) as (conn, _tenant):
            money = await service.cancel(conn, appointment_id, by="customer", reason="", now=self._parts.now())
            found = in_zone(await appointments.get_appointment(conn, appointment_id))
        facts = msgspec.structs.asdict(found) | msgspec.structs.asdict(money)
        resp.media = CancelledAppointment(**facts)
        resp.cache_control = ["no-store"]


class PolicyResource:
    """What the business's policies mean for one appointment now."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @operation(
        "Preview what cancelling costs",
        answer=PolicyPreview,
        problems=[*_PROBLEMS, "appointment-started", "appointment-ended"],
    )
    async def on_get(self, req: Request, resp: Response, slug: str, appointment_id: UUID) -> None:
        """Answer the fee and the refund of cancelling now, and whether the customer may still move it."""
        now = self._parts.now()
        async with _own(self._parts, req, slug, appointment_id) as (conn, tenant):
            visit = await queries.get_visit(conn, appointment_id)
        resp.media = rules.preview(visit, tenant.time_zone, now=now)
        resp.cache_control = ["no-store"]


def bearer_token(req: Request) -> str:
    """Return the token that proves something is one's own.

    Raises:
        TokenMissing: none came.
    """
    scheme, _, token = (req.get_header("Authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissing
    return token.strip()


async def with_next(parts: Parts, slug: str, appointment_id: UUID, refusal: SlotTaken | DayFull) -> SlotTaken | DayFull:
    """Return the refusal of a move with the next free starts."""
    async with tenant_transaction(parts.pool, slug) as (conn, tenant):
        service_id = (await queries.get_entry(conn, appointment_id)).service
        starts_at = refusal.starts_at
        free = await next_starts(conn, tenant.id, service_id, starts_at, employee_id=None, now=parts.now())
    return type(refusal)(starts_at, free)


@asynccontextmanager
async def _own(
    parts: Parts, req: Request, slug: str, appointment_id: UUID
) -> AsyncGenerator[tuple[Connection, Tenant]]:
    """Open a transaction for whoever proves that the appointment is theirs."""
    token = bearer_token(req)
    async with tenant_transaction(parts.pool, slug) as (conn, tenant):
        if not any(tokens.matches(key, tenant.id, appointment_id, token) for key in parts.settings.signing_keys):
            raise AppointmentUnknown(appointment_id)
        yield conn, tenant


async def _carried_out(conn: Connection, req: Request, appointment_id: UUID, move: Move) -> bool:
    """Tell whether a move was made before, by a request with the same key."""
    given = req.get_header("Idempotency-Key")
    if given is None:
        return False
    key = require_key(given)
    fingerprint = hashlib.sha256(appointment_id.bytes + msgspec.json.encode(move)).digest()
    if await keys.claim(conn, key, fingerprint) is not None:
        return True
    await keys.store(conn, key, {"moved": str(appointment_id)})
    return False


async def _show(conn: Connection, resp: Response, appointment_id: UUID) -> None:
    found = in_zone(await appointments.get_appointment(conn, appointment_id))
    resp.set_header("ETag", etag(found.version))
    resp.cache_control = ["no-store"]
    resp.media = found
