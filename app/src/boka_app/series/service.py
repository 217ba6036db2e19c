"""Book, read and end a series: each one transaction."""

import hashlib
from datetime import datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import msgspec

from boka_app.appointments import tokens
from boka_app.appointments.service import in_zone
from boka_app.database import Connection, tenant_transaction
from boka_app.errors import DomainError
from boka_app.idempotency import queries as keys
from boka_app.lifecycle import placing
from boka_app.lifecycle import service as lifecycle
from boka_app.parts import Parts
from boka_app.series import queries, rules
from boka_app.series.model import BookedSeries, Conflict, Series, SeriesConflicts, SeriesRequest, SeriesUnknown
from boka_app.tenants.model import Tenant


class SeriesService:
    """What can be done with series."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def book(self, slug: str, wish: SeriesRequest, *, key: str) -> BookedSeries:
        """Book every visit, or with `partial` those that can be had; repeat the answer of a request with this key.

        Raises:
            SeriesConflicts: some cannot be had, or with `partial` none. Nothing was written.
            DomainError: what is asked for is unknown, past or beyond every horizon.
        """
        async with tenant_transaction(self._parts.pool, slug) as (conn, tenant):
            earlier = await keys.claim(conn, key, hashlib.sha256(b"series" + msgspec.json.encode(wish)).digest())
            if earlier is not None:
                return self._answer(tenant, msgspec.convert(earlier, Series))
            series = await self._book(conn, tenant, wish)
            await keys.store(conn, key, msgspec.to_builtins(series))
            return self._answer(tenant, series)

    async def read(self, slug: str, series_id: UUID, token: str) -> Series:
        """Return a series to the holder of its token.

        Raises:
            SeriesUnknown: there is none, or the token is another's.
        """
        async with tenant_transaction(self._parts.pool, slug) as (conn, tenant):
            self._check(tenant, series_id, token)
            return await _read(conn, series_id)

    async def cancel(self, slug: str, series_id: UUID, token: str) -> Series:
        """Cancel all its visits that are still to come; each costs what cancelling it alone would.

        Raises:
            SeriesUnknown: there is none, or the token is another's.
        """
        now = self._parts.now()
        async with tenant_transaction(self._parts.pool, slug) as (conn, tenant):
            self._check(tenant, series_id, token)
            future = await queries.list_future(conn, series_id, now)
            await lifecycle.cancel_those_left(conn, future, by="customer", now=now)
            return await _read(conn, series_id)

    async def _book(self, conn: Connection, tenant: Tenant, wish: SeriesRequest) -> Series:
        now, zone, series_id = self._parts.now(), ZoneInfo(tenant.time_zone), uuid4()
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
        await queries.insert_series(conn, series_id, customer_id, wish)
        outcomes = await queries.place(conn, series_id, wanted, catalog_version=catalog_version, now=now)
        for (start, _), sqlstate in zip(wanted, outcomes, strict=True):
            if sqlstate:
                refused[start] = placing.refusal(sqlstate, start)
        _check(starts, refused, wish)
        series = await _read(conn, series_id)
        await queries.note(conn, series_id)
        conflicts = [Conflict(starts_at=s.astimezone(zone), detail=str(refused[s])) for s in starts if s in refused]
        return msgspec.structs.replace(series, conflicts=conflicts)

    def _answer(self, tenant: Tenant, series: Series) -> BookedSeries:
        key = self._parts.settings.signing_key
        return BookedSeries(
            series=series,
            token=tokens.sign(key, tenant.id, series.id, purpose="series"),
            tokens={visit.id: tokens.sign(key, tenant.id, visit.id) for visit in series.appointments},
        )

    def _check(self, tenant: Tenant, series_id: UUID, token: str) -> None:
        keys_ = self._parts.settings.signing_keys
        if not any(tokens.matches(key, tenant.id, series_id, token, purpose="series") for key in keys_):
            raise SeriesUnknown(series_id)


def _check(starts: list[datetime], refused: dict[datetime, DomainError], wish: SeriesRequest) -> None:
    if refused and not (wish.partial and len(refused) < len(starts)):
        raise SeriesConflicts({start: str(refused[start]) for start in starts if start in refused}, wish.occurrences)


async def _read(conn: Connection, series_id: UUID) -> Series:
    every_days = await queries.get_every_days(conn, series_id)
    visits = [in_zone(visit) for visit in await queries.list_visits(conn, series_id)]
    return Series(id=series_id, every_days=every_days, appointments=visits)
