"""What the features of the service share, put together once and handed to each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from boka_app.cache.service import SlotCache
from boka_app.database import Pool, make_pool
from boka_app.settings import Settings
from boka_app.vault import Vault

Clock = Callable[[], datetime]
Routes = list[tuple[str, object]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """The database, the time, the secrets: what a resource or a job may need. `now` answers in UTC."""

    settings: Settings
    pool: Pool
    vault: Vault
    now: Clock
    cache: SlotCache = field(default_factory=lambda: SlotCache(None))


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def make_parts(settings: Settings, application: str, *, pool: Pool | None = None, now: Clock = utc_now) -> Parts:
    """Return the parts of one process, as the settings say; unless given, the pool is still closed."""
    database, vault = settings.database, Vault(*settings.encryption_keys)
    pool = pool or make_pool(database.connect_kwargs(application=application), max_size=database.pool_max)
    return Parts(settings=settings, pool=pool, vault=vault, now=now, cache=SlotCache(settings.valkey))
