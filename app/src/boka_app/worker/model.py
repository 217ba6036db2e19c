"""What a job is given, and how it ends without being tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from boka_app.parts import Parts

if TYPE_CHECKING:
    import httpx  # the API names jobs and never carries one out, so it does not load a client


class GiveUp(Exception):
    """Trying again would change nothing. The job ends as failed, with this text in the log: no person in it."""


class TryAgain(Exception):
    """The job is to be carried out once more, after a pause of its own choice, as often as it says so."""

    def __init__(self, pause: timedelta) -> None:
        super().__init__(f"again in {pause}")
        self.pause = pause


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, as the transaction in which it did wrote it. `id` orders the events of a tenant."""

    id: int
    tenant_id: UUID
    kind: str
    subject_id: UUID
    payload: dict[str, Any]
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Work(Parts):
    """What a job may need: the parts of the service, and a client for remote calls (10 s, no redirects)."""

    http: httpx.AsyncClient
