"""Keep the daily figures fresh."""

from boka_app.analytics import queries
from boka_app.database import connection
from boka_app.worker.model import Work

_WITHIN_S = 300  # a million appointments take some seconds


async def refresh_daily_summary(work: Work) -> None:
    """Bring the past days of every dashboard up to now."""
    async with connection(work.pool, use_s=_WITHIN_S) as conn, conn.transaction():
        await queries.refresh_summary(conn, _WITHIN_S * 1000)
