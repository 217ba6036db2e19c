"""Connect, disconnect, and publish calendars: nothing remote in any transaction."""

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from boka_app.appointments.model import AppointmentUnknown
from boka_app.audit import queries as audit
from boka_app.calendars import ics, jobs, model, queries, registry, rules
from boka_app.calendars.model import CalendarConnection, ConsentInvalid
from boka_app.catalog.model import EmployeeUnknown
from boka_app.database import Connection, connection
from boka_app.identity.model import Principal
from boka_app.parts import Parts
from boka_app.settings import Settings
from boka_app.tenants.model import Tenant
from boka_app.tenants.queries import enter

_CONSENT_TIME = timedelta(minutes=15)  # to read a consent page and look up a password
_FEED_PAST = timedelta(days=60)  # how much of the past a feed shows


async def feed_url(conn: Connection, settings: Settings, tenant: Tenant, subject_id: UUID) -> str:
    """Return the address of the feed of an employee or of one appointment, good until it is taken back."""
    generation = await queries.generation(conn, subject_id=subject_id)
    token = rules.feed_token(settings.signing_key, tenant.id, subject_id, generation)
    return f"{settings.public_url}/api/tenants/{tenant.slug}/feeds/{token}.ics"


async def connect_feed(conn: Connection, parts: Parts, tenant_id: UUID, wish: model.FeedRequest) -> CalendarConnection:
    """Heed a published calendar from now on; a job reads it first.

    Raises:
        EmployeeUnknown: there is no such employee.
    """
    # A calendar program means https by webcal.
    url = "https" + wish.url.removeprefix("webcal") if wish.url.startswith("webcal://") else wish.url
    wanted = {"employee_id": wish.employee, "provider": "ics", "writes_events": False}
    made = await _connect(conn, parts, tenant_id, model.Feed(url=url), wanted)
    return await queries.get_connection(conn, id=made)


async def disconnect(conn: Connection, tenant_id: UUID, connection_id: UUID, *, now: datetime) -> None:
    """Count a calendar's times no more; a job takes our events out of it and then forgets it."""
    await queries.drop_connection(conn, id=connection_id, now=now)
    await jobs.order_sync(conn, tenant_id, connection_id)
    await audit.record(conn, "calendar.disconnected", connection_id)


async def start_consent(
    conn: Connection, parts: Parts, tenant_id: UUID, who: Principal, wish: model.ConsentRequest
) -> str:
    """Return the provider's page on which somebody agrees. Its answer counts once, for the session that asked.

    Raises:
        EmployeeUnknown, ProviderMissing: as their names say.
    """
    verifier, consent_id = secrets.token_urlsafe(48), uuid4()
    provider = registry.provider(parts.settings, wish.provider)
    await _require_employee(conn, wish.employee)
    asked = {"verifier": parts.vault.seal(verifier), "asked_by": _session(who), "employee_id": wish.employee}
    asked |= {"provider": wish.provider, "writes_events": wish.writes_events}
    await queries.insert_consent(conn, id=consent_id, expires_at=parts.now() + _CONSENT_TIME, **asked)
    await audit.record(conn, "calendar.consent_asked", consent_id, provider=wish.provider)
    state = rules.consent_state(parts.settings.signing_key, tenant_id, consent_id)
    return provider.authorize_url(state=state, verifier=verifier)


async def finish_consent(parts: Parts, who: Principal, provider: str, *, state: str, code: str) -> None:
    """Connect the account that agreed; a job makes tokens of the code.

    Raises:
        ConsentInvalid: it is not the answer to what the session asked, comes late or twice.
    """
    found = rules.read_consent_state(parts.settings.signing_keys, state)
    if found is None:
        raise ConsentInvalid("the state is none that this site gave out")
    tenant_id, consent_id = found
    async with connection(parts.pool) as conn, conn.transaction():
        await enter(conn, tenant_id, who.actor)
        consent = await queries.take_consent(conn, id=consent_id)
        if consent is None or consent.provider != provider or consent.expires_at < parts.now():
            raise ConsentInvalid("the answer came twice, or after a quarter of an hour")
        if consent.asked_by != _session(who):
            raise ConsentInvalid("another session asked")
        grant = model.Grant(code=code, verifier=parts.vault.open(consent.verifier))
        wanted = {"employee_id": consent.employee_id, "provider": provider, "writes_events": consent.writes_events}
        await _connect(conn, parts, tenant_id, grant, wanted)


async def read_feed(conn: Connection, parts: Parts, tenant: Tenant, token: str) -> bytes:
    """Return the feed behind a link.

    Raises:
        FeedUnknown: the link is none of ours, or was taken back.
    """
    subject_id, generation = rules.read_feed_token(parts.settings.signing_keys, tenant.id, token) or (None, 0)
    if subject_id is None or generation != await queries.generation(conn, subject_id=subject_id):
        raise model.FeedUnknown
    name = await queries.employee_name(conn, id=subject_id)
    if name is not None:
        visits = await queries.list_visits(conn, employee_id=subject_id, since=parts.now() - _FEED_PAST)
        return ics.write(visits, host=ics.host_of(parts.settings.public_url), name=f"{tenant.name} · {name}")
    try:
        return await ics.appointment_ics(conn, subject_id, public_url=parts.settings.public_url)
    except AppointmentUnknown as err:
        raise model.FeedUnknown from err


async def _connect(
    conn: Connection, parts: Parts, tenant_id: UUID, secret: model.Secret, wanted: dict[str, Any]
) -> UUID:
    """Insert a connection and have a job try it. `wanted` is employee_id, provider and writes_events."""
    await _require_employee(conn, wanted["employee_id"])
    sealed = parts.vault.seal(msgspec.json.encode(secret).decode())
    made = await queries.connect(conn, credentials=sealed, **wanted)
    await jobs.order_sync(conn, tenant_id, made)
    about = {"provider": wanted["provider"], "employee": str(wanted["employee_id"])}
    await audit.record(conn, "calendar.connected", made, **about)
    return made


async def _require_employee(conn: Connection, employee_id: UUID) -> None:
    if await queries.employee_name(conn, id=employee_id) is None:
        raise EmployeeUnknown(employee_id)


def _session(who: Principal) -> UUID:
    if who.session_id is None:
        raise ConsentInvalid("a program with a key cannot agree for somebody; connect from a browser's session")
    return who.session_id
