"""Keep in step with calendars elsewhere. Only these jobs speak to them; what they learn lies in rows.

One job at a time has a connection (a lease in its row): it writes our visits that differ, then reads what changed. A
failure is noted there and the clock tries again, later each time; nothing is raised but defects of ours.
"""

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from boka_app.audit import queries as audit
from boka_app.calendars import expand, ics, registry, rules
from boka_app.calendars import sync_queries as queries
from boka_app.calendars.model import (
    Changes,
    Difference,
    Feed,
    FeedRefused,
    Grant,
    Held,
    Outcome,
    ProviderMissing,
    RemoteFailed,
    Revoked,
    Secret,
    SyncState,
    Throttled,
    Tokens,
    Unauthorized,
    Window,
)
from boka_app.database import Connection
from boka_app.net.guard import AddressRefused, Target, resolve
from boka_app.worker.defer import defer
from boka_app.worker.model import Event, Work
from boka_app.worker.tenants import job_transaction, tenant_ids

if TYPE_CHECKING:
    from boka_app.calendars.providers import Provider

_LEASE, _LONGEST_S = timedelta(minutes=5), 240  # the lease outlives the job that has it
_AHEAD = timedelta(days=30)  # read beyond the horizon, so that all is read again once a month and not once a day
_MARGIN = timedelta(minutes=1)  # a token this near to its end is refreshed first
_INSIST = timedelta(days=1)  # how long a removal tries to take our events out
_FETCH_S = 10  # for each part of a feed
_OK, _UNCHANGED = 200, 304


async def follow_appointment(work: Work, event: Event) -> None:
    """Have every calendar in which this visit stands, or should stand, brought up to date."""
    async with job_transaction(work.pool, event.tenant_id) as conn:
        for connection_id in await queries.list_followers(conn, event.subject_id):
            await order_sync(conn, event.tenant_id, connection_id)


async def follow_erasure(work: Work, event: Event) -> None:
    """Have the words on an erased customer replaced in every calendar of the last month and of the future."""
    async with job_transaction(work.pool, event.tenant_id) as conn:
        for connection_id in await queries.write_again(conn, event.subject_id):
            await order_sync(conn, event.tenant_id, connection_id)


async def sync_due_calendars(work: Work) -> None:
    """Order the work on every connection whose turn it is."""
    for tenant_id in await tenant_ids(work.pool):
        async with job_transaction(work.pool, tenant_id) as conn:
            for connection_id in await queries.list_due(conn, work.now()):
                await order_sync(conn, tenant_id, connection_id)


async def order_sync(conn: Connection, tenant_id: UUID, connection_id: UUID) -> None:
    """Have one connection brought up to date, once however often this is asked before it begins."""
    await defer(conn, "sync_calendar", tenant_id, connection_id, queueing_lock=f"calendar:{connection_id}")


async def sync_calendar(work: Work, tenant_id: UUID, subject_id: UUID) -> None:
    """Bring one connection up to date, both ways, or note why not."""
    async with job_transaction(work.pool, tenant_id) as conn:
        held = await queries.lease(conn, subject_id, now=work.now(), until=work.now() + _LEASE)
        if held is None:
            await queries.ask_again(conn, subject_id, work.now())
            return
    outcome = await _Sync(work, tenant_id, held).run()
    async with job_transaction(work.pool, tenant_id) as conn:
        if held.removing_since is not None and (outcome.failure is None or _insisted(held, outcome, work.now())):
            await queries.forget(conn, held.id)
            await audit.record(conn, "calendar.removed", held.id, events_left=outcome.failure is not None)
        elif await queries.release(conn, held, outcome, work.now()):
            await order_sync(conn, tenant_id, held.id)


def _insisted(held: Held, outcome: Outcome, now: datetime) -> bool:
    return outcome.status == "revoked" or (held.removing_since or now) < now - _INSIST


class _Sync:
    """One connection, while a job has it."""

    def __init__(self, work: Work, tenant_id: UUID, held: Held) -> None:
        self._work = work
        self._tenant_id = tenant_id
        self._held = held
        self._secret: Secret = msgspec.json.decode(work.vault.open(held.credentials), type=Secret)
        now = work.now()
        self._needed = now + timedelta(days=held.horizon_days)
        self._window = Window(begin=now - timedelta(days=1), end=self._needed + _AHEAD, zone=held.time_zone)

    async def run(self) -> Outcome:
        """Do it; return how it went."""
        import httpx  # noqa: PLC0415  the API names this job and never carries it out

        try:
            async with asyncio.timeout(_LONGEST_S):
                if isinstance(self._secret, Feed):
                    await self._read_feed(self._secret.url)
                else:
                    await self._exchange(registry.provider(self._work.settings, self._held.provider))
        except Revoked as err:
            return self._failed(str(err), status="revoked")
        except Throttled as err:
            return self._failed(str(err), asked=timedelta(seconds=err.pause_s))
        except (RemoteFailed, AddressRefused, ProviderMissing) as err:
            return self._failed(str(err))
        except (httpx.HTTPError, TimeoutError) as err:
            return self._failed(f"no answer from the other side ({type(err).__name__})")
        except (KeyError, ValueError) as err:
            return self._failed(f"the other side answered something we do not understand ({type(err).__name__})")
        due = self._work.now() + rules.pause(0)
        return Outcome(status="connected", failures=0, failure=None, next_sync_at=due)

    def _failed(self, text: str, *, status: str = "failing", asked: timedelta | None = None) -> Outcome:
        failures = self._held.failures + 1
        due = self._work.now() + rules.pause(failures, asked)
        return Outcome(status=status, failures=failures, failure=text, next_sync_at=due)

    async def _exchange(self, provider: "Provider") -> None:
        """Write and read; with a fresh token if the one we have is refused."""
        try:
            await self._write_and_read(provider, await self._access(provider))
        except Unauthorized:
            await self._write_and_read(provider, await self._access(provider, fresh=True))

    async def _access(self, provider: "Provider", *, fresh: bool = False) -> str:
        """Return an access token. A new one is kept at once: the refresh token before it may be void now."""
        http, now, secret = self._work.http, self._work.now(), self._secret
        if isinstance(secret, Tokens) and not fresh and secret.expires_at > now + _MARGIN:
            return secret.access
        if isinstance(secret, Grant):
            uri = registry.redirect_uri(self._work.settings, self._held.provider)
            tokens = await provider.exchange_code(
                http, code=secret.code, verifier=secret.verifier, redirect_uri=uri, now=now
            )
        else:
            assert isinstance(secret, Tokens)  # noqa: S101  a feed has no provider
            tokens = await provider.refresh(http, secret.refresh, now=now)
        self._secret = tokens
        async with job_transaction(self._work.pool, self._tenant_id) as conn:
            await queries.seal(conn, self._held.id, self._work.vault.seal(msgspec.json.encode(tokens).decode()))
        return tokens.access

    async def _write_and_read(self, provider: "Provider", access: str) -> None:
        """Write what differs, then read; an event that cannot be written keeps no other from being."""
        failures = await self._write(provider, access)
        if self._held.removing_since is None:
            state = self._state()
            changes = await provider.list_changes(
                self._work.http, access, self._held.calendar_ref, state=state, window=self._window
            )
            await self._keep(changes)
        if failures:
            raise failures[0]

    async def _write(self, provider: "Provider", access: str) -> list[RemoteFailed]:
        async with job_transaction(self._work.pool, self._tenant_id) as conn:
            differences = await queries.list_differences(conn, self._held.id, self._work.now())
        failures: list[RemoteFailed] = []
        for event in differences:
            try:
                await self._write_one(provider, access, event)
            except (Unauthorized, Throttled):
                raise
            except RemoteFailed as err:
                failures.append(err)
        return failures

    async def _write_one(self, provider: "Provider", access: str, event: Difference) -> None:
        http, calendar = self._work.http, self._held.calendar_ref
        # Without a reference the creation may still have happened: repeating it tells which event that was.
        ref = event.remote_ref or await provider.create(http, access, calendar, event)
        stands = event.wanted
        if not event.wanted:
            await provider.delete(http, access, calendar, ref)
        elif event.remote_ref is not None:
            stands = await provider.update(http, access, calendar, ref, event)
        async with job_transaction(self._work.pool, self._tenant_id) as conn:
            if stands:
                await queries.note_written(conn, self._held.id, event, ref)
                return
            await queries.note_gone(conn, self._held.id, event.appointment_id)
            if event.wanted:  # its owner deleted it there: the next look plans it anew
                await queries.ask_again(conn, self._held.id, self._work.now())

    async def _read_feed(self, url: str) -> None:
        if self._held.removing_since is not None:
            return
        target = await resolve(url, allowed_networks=self._work.settings.webhook_networks)
        fetched = await _fetch(target, self._state())
        if fetched is None:
            return
        body, token = fetched
        own = "@" + ics.host_of(self._work.settings.public_url)
        question = expand.Question(zone=self._window.zone, begin=self._window.begin, end=self._window.end, own=own)
        busy = await expand.expand(body, question)
        await self._keep(Changes(busy=busy, gone=[], state=token, whole=True))

    def _state(self) -> str | None:
        """Return where the last reading stopped, or None to read all: at first, and when the horizon passes its end."""
        if self._held.sync_token is None:
            return None
        state = msgspec.json.decode(self._held.sync_token, type=SyncState)
        return state.token if state.until >= self._needed else None

    async def _keep(self, changes: Changes) -> None:
        before = self._held.sync_token
        if changes.whole or before is None:
            until = self._window.end
        else:
            until = msgspec.json.decode(before, type=SyncState).until
        state = SyncState(token=changes.state, until=until)
        async with job_transaction(self._work.pool, self._tenant_id) as conn:
            changed = await queries.keep_busy(conn, self._held, changes, begin=self._window.begin)
            await queries.keep_state(conn, self._held.id, msgspec.json.encode(state).decode())
        if changed:
            await self._work.cache.forget(self._tenant_id)


async def _fetch(target: Target, state: str | None) -> tuple[bytes, str] | None:
    """Return a feed and what to ask with next time; None if it is as it was.

    Has a client of its own: a connection kept open to this machine may have been proven under another tenant's name.

    Raises:
        FeedRefused: it is too long, or is not answered here.
    """
    import httpx  # noqa: PLC0415  the API names this job and never carries it out

    condition = "If-None-Match" if (state or "").startswith(('"', "W/")) else "If-Modified-Since"
    headers = target.headers | {"Accept": "text/calendar", "Accept-Encoding": "identity"}
    headers |= {condition: state} if state else {}
    async with (
        httpx.AsyncClient(timeout=_FETCH_S, trust_env=False) as client,
        client.stream("GET", target.url, headers=headers, extensions=target.extensions) as answer,
    ):
        if answer.status_code == _UNCHANGED:
            return None
        if answer.status_code != _OK:
            raise FeedRefused(f"the address answers {answer.status_code}; it must answer 200 without a detour")
        body = b""
        async for part in answer.aiter_raw():  # as it came: what is packed could unpack to anything
            body += part
            if len(body) > expand.MAX_BYTES:
                raise FeedRefused(f"the feed is over {expand.MAX_BYTES} bytes; publish less of the past")
        return body, answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
