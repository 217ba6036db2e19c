"""Carry out what waits, as the worker would, and return when nothing could run now."""

import asyncio
from datetime import UTC, datetime

from boka_app.database import connection, make_pool
from boka_app.parts import Parts
from boka_app.vault import Vault
from boka_app.worker import queries
from boka_app.worker.model import Work
from boka_app.worker.process import make_app, make_work
from boka_app.worker.registry import ClockJob
from boka_app.worker.relay import relay

from app.builders import NOW
from app.conftest import Database, settings


def make_parts(database: Database, now: datetime = NOW, **changes: object) -> Parts:
    given = settings(**changes)
    pool = make_pool(database.as_role("booking_app"), max_size=8)
    return Parts(settings=given, pool=pool, vault=Vault(*given.encryption_keys), now=lambda: now.astimezone(UTC))


async def waiting(work: Work) -> bool:
    while await relay(work.pool):
        pass
    async with connection(work.pool) as conn:
        return (await queries.read_queue(conn)).waiting > 0


def work_off(database: Database, tenant_id: object, now: datetime = NOW, **changes: object) -> None:
    """Relay the tenant's events and carry out its jobs; those that other tests left are dropped."""
    with database.connect() as admin:
        admin.execute("delete from outbox_pending where tenant_id <> %s", [tenant_id])
        admin.execute("delete from procrastinate_jobs where args ->> 'tenant_id' is distinct from %s", [str(tenant_id)])

    async def whole() -> None:
        async with make_work(make_parts(database, now, **changes)) as work:
            app = make_app(work, database.as_role("booking_app"))
            app.periodic_registry.periodic_tasks.clear()  # the clock's jobs would see other tests' tenants
            async with app.open_async():
                while await waiting(work):
                    await app.run_worker_async(
                        wait=False, concurrency=4, listen_notify=False, install_signal_handlers=False
                    )

    asyncio.run(whole())


def run_clock(database: Database, job: ClockJob, now: datetime = NOW, **changes: object) -> None:
    """Carry out one job of the clock, and what it orders is left in the queue."""

    async def whole() -> None:
        async with make_work(make_parts(database, now, **changes)) as work:
            await job(work)

    asyncio.run(whole())
