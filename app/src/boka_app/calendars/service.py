"""Connect, disconnect, and publish calendars: each one transaction, and nothing remote in any."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
from falcon.asgi import Request

from boka_app.appointments.model import AppointmentUnknown
from boka_app.audit import queries as audit
from boka_app.calendars import ics, jobs, model, queries, registry, rules
from boka_app.calendars.model import (
    CalendarConnection,
    ConsentInvalid,
    ConsentRequest,
    Feed,
    FeedRequest,
    Grant,
    Secret,
)
from boka_app.catalog.model import EmployeeUnknown
from boka_app.conventions.etag import require_match
from boka_app.database import Connection, connection, tenant_transaction
from boka_app.idempotency import queries as keys
from boka_app.identity.model import Principal
from boka_app.parts import Parts
from boka_app.settings import Settings
from boka_app.tenants.model import CUSTOMER
from boka_app.tenants.queries import enter

_CONSENT_TIME = timedelta(minutes=15)  # to read a consent page and look up a password
_FEED_PAST = timedelta(days=60)  # how much of the past a feed shows


async def feed_url(conn: Connection, settings: Settings, slug: str, tenant_id: UUID, subject_id: UUID) -> str:
    """Return the address of the feed of an employee or of one appointment, good until it is taken back."""
    generation = await queries.generation(conn, subject_id=subject_id)
    token = rules.feed_token(settings.signing_key, tenant_id, subject_id, generation)
    return f"{settings.public_url}/api/tenants/{slug}/feeds/{token}.ics"


class CalendarService:
    """What can be done with calendars, for one site."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def list_connections(self, slug: str, who: Principal) -> list[CalendarConnection]:
        """Return the tenant's connections."""
        async with tenant_transaction(self._parts.pool, slug, who.actor) as (conn, _tenant):
            return await queries.list_connections(conn)

    async def get(self, slug: str, who: Principal, connection_id: UUID) -> CalendarConnection:
        """Return one connection.

        Raises:
            CalendarUnknown: the tenant has none of that id.
        """
        async with tenant_transaction(self._parts.pool, slug, who.actor) as (conn, _tenant):
            return await queries.get_connection(conn, id=connection_id)

    async def connect_feed(self, slug: str, who: Principal, wish: FeedRequest, *, key: str) -> CalendarConnection:
        """Heed a published calendar from now on; a job reads it first.

        Raises:
            EmployeeUnknown: there is no such employee.
        """
        fingerprint = hashlib.sha256(b"calendar\0" + msgspec.json.encode(wish)).digest()
        async with tenant_transaction(self._parts.pool, slug, who.actor) as (conn, tenant):
            earlier = await keys.claim(conn, key, fingerprint)
            if earlier is not None:
                return msgspec.convert(earlier, CalendarConnection)
            secret = Feed(url=_as_https(wish.url))
            connection_id = await self._connect(conn, tenant.id, wish.employee, "ics", secret, writes_events=False)
            made = await queries.get_connection(conn, id=connection_id)
            await keys.store(conn, key, msgspec.to_builtins(made))
            await audit.record(conn, "calendar.connected", connection_id, provider="ics", employee=str(wish.employee))
            return made

    async def start_consent(self, slug: str, who: Principal, wish: ConsentRequest) -> str:
        """Return the provider's page on which somebody agrees. Its answer counts once, for the session that asked.

        Raises:
            EmployeeUnknown, ProviderMissing: as their names say.
        """
        settings, verifier, consent_id = self._parts.settings, secrets.token_urlsafe(48), uuid4()
        provider = registry.provider(settings, wish.provider)
        async with tenant_transaction(self._parts.pool, slug, who.actor) as (conn, tenant):
            await _require_employee(conn, wish.employee)
            asked = {"verifier": self._parts.vault.seal(verifier), "asked_by": _session(who)}
            asked |= {"employee_id": wish.employee, "expires_at": self._parts.now() + _CONSENT_TIME}
            await queries.forget_consents(conn)
            await queries.insert_consent(
                conn, id=consent_id, provider=wish.provider, writes_events=wish.writes_events, **asked
            )
            await audit.record(conn, "calendar.consent_asked", consent_id, provider=wish.provider)
        state = rules.consent_state(settings.signing_key, tenant.id, consent_id)
        return provider.authorize_url(state=state, verifier=verifier)

    async def finish_consent(self, who: Principal, provider: str, *, state: str, code: str) -> UUID:
        """Connect the account that agreed; a job makes tokens of the code. Return the connection.

        Raises:
            ConsentInvalid: it is not the answer to what the session asked, comes late or twice.
        """
        found = rules.read_consent_state(self._parts.settings.signing_keys, state)
        if found is None:
            raise ConsentInvalid("the state is none that this site gave out")
        tenant_id, consent_id = found
        async with connection(self._parts.pool) as conn, conn.transaction():
            await enter(conn, tenant_id, who.actor)
            consent = await queries.take_consent(conn, id=consent_id)
            if consent is None or consent.provider != provider or consent.expires_at < self._parts.now():
                raise ConsentInvalid("the answer came twice, or after a quarter of an hour")
            if consent.asked_by != _session(who):
                raise ConsentInvalid("another session asked")
            secret = Grant(code=code, verifier=self._parts.vault.open(consent.verifier))
            connection_id = await self._connect(
                conn, tenant_id, consent.employee_id, provider, secret, writes_events=consent.writes_events
            )
            employee = str(consent.employee_id)
            await audit.record(conn, "calendar.connected", connection_id, provider=provider, employee=employee)
            return connection_id

    async def sync(self, slug: str, who: Principal, connection_id: UUID) -> CalendarConnection:
        """Have a connection brought up to date now.

        Raises:
            CalendarUnknown: the tenant has none of that id.
        """
        async with tenant_transaction(self._parts.pool, slug, who.actor) as (conn, tenant):
            found = await queries.get_connection(conn, id=connection_id)
            await jobs.order_sync(conn, tenant.id, connection_id)
            return found

    async def remove(self, slug: str, who: Principal, connection_id: UUID, req: Request) -> None:
        """Count a calendar's times no more; a job takes our events out of it and then forgets it.

        Raises:
            CalendarUnknown, MatchMissing, VersionChanged: as their names say.
        """
        async with tenant_transaction(self._parts.pool, slug, who.actor) as (conn, tenant):
            require_match(req, (await queries.get_connection(conn, id=connection_id)).version)
            employee_id = await queries.drop_connection(conn, id=connection_id, now=self._parts.now())
            if await queries.drop_busy(conn, id=connection_id):
                await queries.touch_calendar(conn, employee_id=employee_id)
            await jobs.order_sync(conn, tenant.id, connection_id)
            await audit.record(conn, "calendar.disconnected", connection_id)

    async def publish(self, slug: str, who: Principal, subject_id: UUID) -> str:
        """Return the feed link of an employee or an appointment.

        Raises:
            AppointmentUnknown: the tenant has neither of that id.
        """
        async with tenant_transaction(self._parts.pool, slug, who.actor) as (conn, tenant):
            if await queries.employee_name(conn, id=subject_id) is None:
                await queries.get_visit(conn, id=subject_id)
            return await feed_url(conn, self._parts.settings, slug, tenant.id, subject_id)

    async def withdraw(self, slug: str, who: Principal, subject_id: UUID) -> None:
        """Make every link given out for this subject lead nowhere."""
        async with tenant_transaction(self._parts.pool, slug, who.actor) as (conn, _tenant):
            await queries.end_generation(conn, subject_id=subject_id)
            await audit.record(conn, "calendar.feed_withdrawn", subject_id)

    async def read_feed(self, slug: str, token: str) -> bytes:
        """Return the feed behind a link.

        Raises:
            FeedUnknown: the link is none of ours, or was taken back.
        """
        settings = self._parts.settings
        async with tenant_transaction(self._parts.pool, slug, CUSTOMER) as (conn, tenant):
            found = rules.read_feed_token(settings.signing_keys, tenant.id, token)
            if found is None or found[1] != await queries.generation(conn, subject_id=found[0]):
                raise model.FeedUnknown
            name = await queries.employee_name(conn, id=found[0])
            try:
                visits = [await queries.get_visit(conn, id=found[0])] if name is None else []
            except AppointmentUnknown as err:
                raise model.FeedUnknown from err
            if name is not None:
                visits = await queries.list_visits(conn, employee_id=found[0], since=self._parts.now() - _FEED_PAST)
        title = tenant.name if name is None else f"{tenant.name} · {name}"
        return ics.write(visits, host=ics.host_of(settings.public_url), name=title)

    async def _connect(
        self,
        conn: Connection,
        tenant_id: UUID,
        employee_id: UUID,
        provider: str,
        secret: Secret,
        *,
        writes_events: bool,
    ) -> UUID:
        await _require_employee(conn, employee_id)
        sealed = self._parts.vault.seal(msgspec.json.encode(secret).decode())
        new = {"employee_id": employee_id, "provider": provider, "writes_events": writes_events}
        connection_id = await queries.connect(conn, credentials=sealed, **new)
        await jobs.order_sync(conn, tenant_id, connection_id)
        return connection_id


async def _require_employee(conn: Connection, employee_id: UUID) -> None:
    if await queries.employee_name(conn, id=employee_id) is None:
        raise EmployeeUnknown(employee_id)


def _session(who: Principal) -> UUID:
    if who.session_id is None:
        raise ConsentInvalid("a program with a key cannot agree for somebody; connect from a browser's session")
    return who.session_id


def _as_https(url: str) -> str:
    """Return the address that a calendar program means by webcal."""
    return "https" + url.removeprefix("webcal") if url.startswith("webcal://") else url
