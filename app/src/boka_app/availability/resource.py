"""`/api/tenants/{slug}/slots`: what can be booked."""

from contextlib import suppress
from datetime import date
from functools import partial
from uuid import UUID

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.availability import queries, rules, service
from boka_app.availability.model import Order, RangeInvalid, Slots
from boka_app.body import read_body
from boka_app.cache.service import Found, Question, tag_of
from boka_app.catalog.model import EmployeeUnknown, ServiceUnknown
from boka_app.conventions.etag import unchanged
from boka_app.database import connection
from boka_app.openapi.operations import IF_NONE_MATCH, operation, parameter
from boka_app.parts import Parts

_JSON = falcon.MEDIA_JSON


class SlotsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A search for free slots. Dates are the tenant's, the last one included; at most 31 days."""

    service: UUID
    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    employee: UUID | None = None
    order: Order = "time"


class SlotsResource:
    """The free slots of one service."""

    _decoder = msgspec.json.Decoder(SlotsQuery)
    _encoder = msgspec.json.Encoder()

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @operation(
        "List free slots",
        answer=Slots,
        parameters=[
            parameter("service", "uuid", "The service to book."),
            parameter("from", "date", "First date, in the tenant's zone."),
            parameter("to", "date", "Last date, included; at most 31 days with the first."),
            parameter("employee", "uuid", "Only this employee's time.", required=False),
            parameter("order", "text", "time, or compact: first what breaks up least free time.", required=False),
            IF_NONE_MATCH,
        ],
        problems=[ServiceUnknown, EmployeeUnknown, RangeInvalid],
    )
    async def on_get(self, req: Request, resp: Response, slug: str) -> None:
        """Answer every start that booking would accept now."""
        order = req.get_param("order", default="time")
        if order not in ("time", "compact"):
            raise falcon.HTTPInvalidParam("it is time or compact", "order")
        wanted = SlotsQuery(
            service=req.get_param_as_uuid("service", required=True),
            first=_date(req, "from"),
            last=_date(req, "to"),
            employee=req.get_param_as_uuid("employee"),
            order=order,
        )
        await self._answer(req, resp, slug, wanted)

    @operation(
        "Search free slots", answer=Slots, body=SlotsQuery, problems=[ServiceUnknown, EmployeeUnknown, RangeInvalid]
    )
    async def on_query(self, req: Request, resp: Response, slug: str) -> None:
        """Answer the same to a search in the body."""
        await self._answer(req, resp, slug, self._decoder.decode(await read_body(req, _JSON)))

    async def _answer(self, req: Request, resp: Response, slug: str, wanted: SlotsQuery) -> None:
        dates = rules.date_range(wanted.first, wanted.last)
        now = self._parts.now()
        about = f"{wanted.service}:{wanted.employee}"
        what = f"{wanted.first}:{wanted.last}:{wanted.order}:{rules.present_cell(now)}"
        question = Question(slug, about, what, rules.days_looked_at(wanted.first, wanted.last))
        found = await self._parts.cache.look(question, req.get_header("If-None-Match") or "")
        resp.cache_control = ["no-cache"]
        if found.tag is None:
            found = await self._parts.cache.once(found, partial(self._search, question, found, wanted, dates))
        if found.tag and (found.answer is None or unchanged(req, resp, found.tag)):
            resp.status = 304
        else:
            resp.content_type, resp.data = _JSON, found.answer
        resp.set_header("ETag", found.tag or "")

    async def _search(self, question: Question, missed: Found, wanted: SlotsQuery, dates: list[date]) -> Found:
        """Search in the database, and keep the answer for those who ask the same."""
        now = self._parts.now()
        async with connection(self._parts.pool) as conn:
            found = await queries.find_availability(
                conn, question.slug, wanted.service, dates, employee_id=wanted.employee, now=now
            )
        answer = self._encoder.encode(service.answer_slots(found, dates, now=now, order=wanted.order))
        tag = tag_of(answer)
        if missed.key is None or missed.catalog_version != found.catalog_version:
            people = [calendar.employee_id for calendar in found.calendars]
            await self._parts.cache.learn(question, found.tenant.id, found.catalog_version, people)
        else:
            await self._parts.cache.keep(missed, tag, answer, seconds=service.seconds_true(found, now))
        return Found(tag=tag, answer=answer)


def _date(req: Request, name: str) -> date:
    """Return a date parameter. Falcon's own way, through strptime, costs more than all the other parameters."""
    given = req.get_param(name, required=True)
    if len(given) == len("2026-11-21") and given[7] == "-":  # no basic form, no week dates
        with suppress(ValueError):
            return date.fromisoformat(given)
    raise falcon.HTTPInvalidParam("a date looks like 2026-11-21", name)
