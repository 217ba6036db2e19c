"""Book, read and end a series, in the caller's transaction."""

from datetime import datetime
from functools import partial
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from msgspec.structs import asdict, replace

from boka_app.appointments import tokens
from boka_app.appointments.service import in_zone
from boka_app.database import Connection
from boka_app.errors import DomainError
from boka_app.idempotency.service import once
from boka_app.lifecycle import placing
from boka_app.lifecycle import service as lifecycle
from boka_app.parts import Parts
from boka_app.series import queries, rules
from boka_app.series.model import BookedSeries, Conflict, Series, SeriesConflicts, SeriesRequest, SeriesUnknown
from boka_app.tenants.model import Tenant


async def book(conn: Connection, parts: Parts, tenant: Tenant, wish: SeriesRequest, *, key: str) -> BookedSeries:
    """Book every visit, or with `partial` those that can be had; repeat the answer of a request with this key.

    Raises:
        SeriesConflicts: some cannot be had, or with `partial` none. Nothing was written.
        DomainError: what is asked for is unknown, past or beyond every horizon.
    """
    series = await once(conn, key, "series", wish, Series, partial(_book, conn, tenant, wish, parts.now()))
    sign = partial(tokens.sign, parts.settings.signing_key, tenant.id)
    own = {visit.id: sign(visit.id) for visit in series.appointments}
    return BookedSeries(series=series, token=sign(series.id, purpose="series"), tokens=own)


async def read(conn: Connection, series_id: UUID) -> Series:
    """Return a series.

    Raises:
        SeriesUnknown: there is none.
    """
    every_days = await queries.get_every_days(conn, id=series_id)
    if every_days is None:
        raise SeriesUnknown(series_id)
    visits = [in_zone(visit) for visit in await queries.list_visits(conn, id=series_id)]
    return Series(id=series_id, every_days=every_days, appointments=visits)


async def cancel(conn: Connection, series_id: UUID, now: datetime) -> Series:
    """Cancel all its visits that are still to come; each costs what cancelling it alone would."""
    future = await queries.list_future(conn, id=series_id, now=now)
    await lifecycle.cancel_those_left(conn, future, by="customer", now=now)
    return await read(conn, series_id)


async def _book(conn: Connection, tenant: Tenant, wish: SeriesRequest, now: datetime) -> Series:
    zone, series_id = ZoneInfo(tenant.time_zone), uuid4()
    placing.check_year(tenant, wish.starts_at, now)
    starts = rules.occurrences(wish.starts_at, zone, every_days=wish.every_days, count=wish.occurrences)
    catalog_version = await queries.get_catalog_version(conn)
    refused: dict[datetime, DomainError] = {}
    wanted: list[tuple[datetime, list[UUID]]] = []
    for start in starts:
        try:
            who = await placing.candidates(conn, tenant, wish.service, start, employee_id=wish.employee, now=now)
            wanted.append((start, who))
        except placing.UNAVAILABLE as err:
            refused[start] = err
    _check(starts, refused, wish)  # before anybody has to wait for what this transaction locks
    customer_id = await placing.keep_customer(conn, wish.customer)
    await queries.insert_series(conn, **asdict(wish) | {"id": series_id, "customer_id": customer_id})
    outcomes = await queries.place(conn, series_id, wanted, catalog_version=catalog_version, now=now)
    for (start, _), sqlstate in zip(wanted, outcomes, strict=True):
        if sqlstate:
            refused[start] = placing.refusal(sqlstate, start)
    _check(starts, refused, wish)
    if wish.special_requests:
        await queries.set_wishes(conn, id=series_id, special_requests=wish.special_requests)
    series = await read(conn, series_id)
    await queries.note(conn, id=series_id)
    conflicts = [Conflict(starts_at=s.astimezone(zone), detail=str(refused[s])) for s in starts if s in refused]
    return replace(series, conflicts=conflicts)


def _check(starts: list[datetime], refused: dict[datetime, DomainError], wish: SeriesRequest) -> None:
    if refused and not (wish.partial and len(refused) < len(starts)):
        raise SeriesConflicts({start: str(refused[start]) for start in starts if start in refused}, wish.occurrences)
