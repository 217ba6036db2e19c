"""What the clock does to sessions and attempts: forget the old ones."""

from datetime import datetime, timedelta

from boka_app.database import Connection
from boka_app.identity import rules
from boka_app.identity.admin import queries
from boka_app.tenants.model import PLATFORM
from boka_app.worker.model import Work
from boka_app.worker.tenants import job_transaction

KEEP = timedelta(days=30)  # for whoever looks into an incident


async def forget(conn: Connection, now: datetime) -> tuple[int, int]:
    """Remove some old sessions and attempts; return how many of each."""
    before, known_before = now - KEEP, now - rules.KNOWN_FOR
    sessions = await queries.forget_sessions(conn, before=before)
    return sessions, await queries.forget_attempts(conn, before=before, known_before=known_before)


async def forget_sessions(work: Work) -> None:
    """Remove all old sessions and attempts, a few thousand a transaction."""
    found = (1, 1)
    while any(found):
        async with job_transaction(work.pool, PLATFORM) as conn:
            found = await forget(conn, work.now())
