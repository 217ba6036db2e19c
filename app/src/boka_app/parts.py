"""What the features of the service share, put together once and handed to each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from boka_app.cache.service import SlotCache
from boka_app.database import Pool
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
