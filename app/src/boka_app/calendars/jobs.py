"""Keep in step with calendars elsewhere. Only these jobs speak to them; what they learn lies in rows.

One job at a time has a connection (a lease in its row): it writes our visits that differ, then reads what changed. A
failure is noted there and the clock tries again, later each time; nothing is raised but defects of ours.
"""

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from msgspec.structs import asdict

from boka_app.audit import queries as audit
from boka_app.calendars import expand, ics, model, registry, rules
from boka_app.calendars import sync_queries as queries
from boka_app.calendars.model import Changes, FeedRefused, Held, OurEvent, Outcome, RemoteFailed, SyncState, Tokens
from boka_app.database import Connection
from boka_app.net.exchange import exchange
from boka_app.net.guard import AddressRefused
from boka_app.worker.defer import defer
from boka_app.worker.model import Event, Work
from boka_app.worker.tenants import job_transaction, tenant_ids

if TYPE_CHECKING:
    from boka_app.calendars.providers import Provider

_LEASE, _LONGEST_S = timedelta(minutes=5), 240  # the lease outlives the job that has it
_AHEAD = timedelta(days=30)  # read beyond the horizon, so that all is read again once a month and not once a day
_MARGIN = timedelta(minutes=1)  # a token this near to its end is refreshed first
_INSIST = timedelta(days=1)  # how long a removal tries to take our events out
_OK, _UNCHANGED = 200, 304


async def follow_appointment(work: Work, event: Event) -> None:
    """Have every calendar in which this visit stands, or should stand, brought up to date."""
    async with job_transaction(work.pool, event.tenant_id) as conn:
        await order_sync(conn, event.tenant_id, *await queries.list_followers(conn, id=event.subject_id))


async def follow_erasure(work: Work, event: Event) -> None:
    """Have the words on an erased customer replaced in every calendar of the last month and of the future."""
    async with job_transaction(work.pool, event.tenant_id) as conn:
        await order_sync(conn, event.tenant_id, *await queries.write_again(conn, customer_id=event.subject_id))


async def sync_due_calendars(work: Work) -> None:
    """Order the work on every connection whose turn it is."""
    for tenant_id in await tenant_ids(work.pool):
        async with job_transaction(work.pool, tenant_id) as conn:
            await order_sync(conn, tenant_id, *await queries.list_due(conn, now=work.now()))


async def order_sync(conn: Connection, tenant_id: UUID, *connection_ids: UUID) -> None:
    """Have connections brought up to date, each once however often this is asked before it begins."""
    for connection_id in connection_ids:
        await defer(conn, "sync_calendar", tenant_id, connection_id, queueing_lock=f"calendar:{connection_id}")


async def sync_calendar(work: Work, tenant_id: UUID, subject_id: UUID) -> None:
    """Bring one connection up to date, both ways, or note why not."""
    async with job_transaction(work.pool, tenant_id) as conn:
        held = await queries.lease(conn, id=subject_id, now=work.now(), until=work.now() + _LEASE)
        if held is None:
            await queries.ask_again(conn, id=subject_id, now=work.now())
            return
    outcome = await _Sync(work, tenant_id, held).run()
    async with job_transaction(work.pool, tenant_id) as conn:
        if held.removing_since is not None and (outcome.failure is None or _insisted(held, outcome, work.now())):
            await queries.forget(conn, id=held.id)
            await audit.record(conn, "calendar.removed", held.id, events_left=outcome.failure is not None)
            return
        now, until = work.now(), held.leased_until
        if await queries.release(conn, id=held.id, leased_until=until, now=now, **asdict(outcome)):
            await order_sync(conn, tenant_id, held.id)


def _insisted(held: Held, outcome: Outcome, now: datetime) -> bool:
    return outcome.status == "revoked" or (held.removing_since or now) < now - _INSIST


class _Sync:
    """One connection, while a job has it."""

    def __init__(self, work: Work, tenant_id: UUID, held: Held) -> None:
        self._work, self._tenant_id, self._held = work, tenant_id, held
        self._secret: model.Secret = msgspec.json.decode(work.vault.open(held.credentials), type=model.Secret)
        self._needed = work.now() + timedelta(days=held.horizon_days)
        self._before = None if held.sync_token is None else msgspec.json.decode(held.sync_token, type=SyncState)
        begin, end = work.now() - timedelta(days=1), self._needed + _AHEAD
        self._window = model.Window(begin=begin, end=end, zone=held.time_zone)

    async def run(self) -> Outcome:
        """Do it; return how it went."""
        import httpx  # noqa: PLC0415  the API names this job and never carries it out

        work, held = self._work, self._held
        try:
            async with asyncio.timeout(_LONGEST_S):
                if isinstance(self._secret, model.Feed):
                    await self._read_feed(self._secret.url)
                else:
                    await self._exchange(registry.provider(work.settings, held.provider, work.http, held.calendar_ref))
        except RemoteFailed as err:
            return self._failed(str(err), err.status, timedelta(seconds=err.pause_s))
        except (AddressRefused, model.ProviderMissing) as err:
            return self._failed(str(err))
        except (httpx.HTTPError, TimeoutError) as err:
            return self._failed(f"no answer from the other side ({type(err).__name__})")
        except (KeyError, ValueError) as err:
            return self._failed(f"the other side answered something we do not understand ({type(err).__name__})")
        return Outcome(status="connected", failures=0, failure=None, next_sync_at=work.now() + rules.pause(0))

    def _failed(self, text: str, status: str = "failing", asked: timedelta | None = None) -> Outcome:
        failures = self._held.failures + 1
        due = self._work.now() + rules.pause(failures, asked)
        return Outcome(status=status, failures=failures, failure=text, next_sync_at=due)

    async def _exchange(self, provider: "Provider") -> None:
        """Write and read; with a fresh token if the one we have is refused."""
        try:
            await self._log_in(provider)
            await self._write_and_read(provider)
        except model.Unauthorized:
            await self._log_in(provider, fresh=True)
            await self._write_and_read(provider)

    async def _log_in(self, provider: "Provider", *, fresh: bool = False) -> None:
        """Give the provider an access token. A new one is kept at once: the refresh token before it may be void now."""
        now, secret = self._work.now(), self._secret
        assert not isinstance(secret, model.Feed)  # noqa: S101  a feed has no provider
        if fresh or not isinstance(secret, Tokens) or secret.expires_at <= now + _MARGIN:
            self._secret = secret = await provider.make_tokens(secret, now=now)
            sealed = self._work.vault.seal(msgspec.json.encode(secret).decode())
            async with job_transaction(self._work.pool, self._tenant_id) as conn:
                await queries.seal(conn, id=self._held.id, credentials=sealed)
        provider.access = secret.access

    async def _write_and_read(self, provider: "Provider") -> None:
        """Write what differs, then read; an event that cannot be written keeps no other from being."""
        now, failures = {"id": self._held.id, "now": self._work.now()}, list[RemoteFailed]()
        async with job_transaction(self._work.pool, self._tenant_id) as conn:
            await queries.forget_events(conn, **now)
            await queries.plan_events(conn, **now)
            differences = await queries.list_differences(conn, **now)
        for event in differences:
            try:
                await self._write(provider, event)
            except (model.Unauthorized, model.Throttled):
                raise
            except RemoteFailed as err:
                failures.append(err)
        if self._held.removing_since is None:
            await self._keep(await provider.list_changes(self._state(), self._window))
        if failures:
            raise failures[0]

    async def _write(self, provider: "Provider", event: OurEvent) -> None:
        # Without a reference the creation may still have happened: repeating it tells which event that was.
        ref = event.remote_ref or await provider.create(event)
        stands = event.wanted
        if not event.wanted:
            await provider.delete(ref)
        elif event.remote_ref is not None:
            stands = await provider.update(ref, event)
        written = {"id": self._held.id, "appointment_id": event.appointment_id, "version": event.version}
        async with job_transaction(self._work.pool, self._tenant_id) as conn:
            if stands:
                await queries.note_written(conn, remote_ref=ref, **written)
                return
            await queries.note_gone(conn, **written)
            if event.wanted:  # its owner deleted it there: the next look plans it anew
                await queries.ask_again(conn, id=self._held.id, now=self._work.now())

    async def _read_feed(self, url: str) -> None:
        """Read a feed, unless it is as it was.

        Raises:
            FeedRefused: it is too long, or is not answered here.
        """
        if self._held.removing_since is not None:
            return
        settings, state = self._work.settings, self._state() or ""
        condition = "If-None-Match" if state.startswith(('"', "W/")) else "If-Modified-Since"
        headers = {"Accept": "text/calendar", "Accept-Encoding": "identity"} | ({condition: state} if state else {})
        answer, body = await exchange(
            "GET", url, headers=headers, networks=settings.webhook_networks, most_bytes=expand.MAX_BYTES
        )
        if answer.status_code == _UNCHANGED:
            return
        if answer.status_code != _OK:
            raise FeedRefused(f"the address answers {answer.status_code}; it must answer 200 without a detour")
        if len(body) > expand.MAX_BYTES:
            raise FeedRefused(f"the feed is over {expand.MAX_BYTES} bytes; publish less of the past")
        own = "@" + ics.host_of(settings.public_url)
        busy = await expand.expand(body, expand.Question(own=own, **asdict(self._window)))
        state = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
        await self._keep(Changes(busy=busy, gone=[], state=state, whole=True))

    def _state(self) -> str | None:
        """Return where the last reading stopped, or None to read all: at first, and when the horizon passes its end."""
        return self._before.token if self._before is not None and self._before.until >= self._needed else None

    async def _keep(self, changes: Changes) -> None:
        until = self._window.end if changes.whole or self._before is None else self._before.until
        state = msgspec.json.encode(SyncState(token=changes.state, until=until)).decode()
        async with job_transaction(self._work.pool, self._tenant_id) as conn:
            changed = await queries.keep_busy(conn, self._held, changes, begin=self._window.begin)
            await queries.keep_state(conn, id=self._held.id, state=state)
        if changed:
            await self._work.cache.forget(self._tenant_id)
