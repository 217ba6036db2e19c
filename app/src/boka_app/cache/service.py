"""The slots lists that are still true: look one up, keep one, and make those unreachable that a change made untrue."""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple
from uuid import UUID

from boka_app import metrics
from boka_app.cache import scripts
from boka_app.cache.client import Away, Valkey
from boka_app.settings import ValkeySettings

_KEEP_S = 60  # how long an answer may be wrong at most, should a version be lost
_HEAL_S = 1.0


told: ContextVar[bool] = ContextVar("told", default=False)  # whether the request has said itself what it changed


class Question(NamedTuple):
    """A slots list as the cache knows it. Of equal questions, while versions stay, the answers are equal."""

    slug: str
    about: str  # whose calendars: service and employee
    what: str  # all that matters besides: dates, order, present
    days: range  # the local dates whose appointments matter, as ordinals


class Found(NamedTuple):
    """What the cache has: the tag and, unless the caller has it already, the answer; or where to keep one.

    `catalog_version` is what the key was made by; an answer made of another does not belong there.
    """

    tag: str | None = None
    answer: bytes | None = None
    key: bytes | None = None
    catalog_version: int = 0


class SlotCache:
    """Slots lists in Valkey; does nothing without one."""

    def __init__(self, valkey: ValkeySettings | None) -> None:
        self._valkey = None if valkey is None else Valkey(valkey)
        self._digests = {script: hashlib.sha1(script.encode()).hexdigest() for script in _SCRIPTS}  # noqa: S324  Valkey's
        self._missed = False  # a version that Valkey never learned
        self._healing: asyncio.Task[None] | None = None
        self._under_way: dict[bytes | None, asyncio.Task[Found]] = {}

    async def look(self, question: Question, if_none_match: str) -> Found:
        """Return the answer to a question, if there is one that is still true."""
        slug, about, what, days = question
        got = await self._run(scripts.LOOK, slug, f"{about}:{what}", about, if_none_match, *days)
        outcome: str = _OUTCOMES[int(got[0])] if got else "bypass"
        if outcome != "none_yet":
            metrics.CACHE.labels("slots", outcome).inc()
        if outcome == "hit":
            return Found(tag=got[1][:_TAG].decode(), answer=got[1][_TAG:])
        if outcome == "not_modified":
            return Found(tag=got[1].decode())
        return Found(key=got[1], catalog_version=int(got[2])) if outcome == "none_yet" else Found()

    async def once(self, missed: Found, search: Callable[[], Coroutine[Any, Any, Found]]) -> Found:
        """Return what a search finds, or the one under way: many miss an answer at once when a booking ends it."""
        if missed.key is None:
            return await search()
        under_way = self._under_way.get(missed.key)
        metrics.CACHE.labels("slots", "shared" if under_way else "miss").inc()
        if under_way is None:
            under_way = self._under_way[missed.key] = asyncio.create_task(search())
            under_way.add_done_callback(lambda _: self._under_way.pop(missed.key, None))
        return await asyncio.shield(under_way)  # whoever hangs up does not end it for the others

    async def keep(self, found: Found, tag: str, answer: bytes, *, seconds: float = _KEEP_S) -> None:
        """Keep the answer to a question that was looked up before the answer was made."""
        milliseconds = int(min(seconds, _KEEP_S) * 1000)
        if found.key is not None and milliseconds > 0 and self._valkey is not None:
            try:
                await self._valkey.ask("SET", found.key, tag.encode() + answer, "PX", milliseconds)
            except Away:
                return

    async def learn(self, question: Question, tenant_id: UUID, catalog_version: int, people: Iterable[UUID]) -> None:
        """Note whom a question is about, so that the next one can be answered from here."""
        ids = " ".join(map(str, people))
        await self._run(scripts.LEARN, str(tenant_id), catalog_version, question.slug, question.about, ids)

    async def bump(self, tenant_id: UUID, versions: Mapping[UUID, int], days: Iterable[int]) -> None:
        """Make unreachable what was made of earlier versions of these calendars: after the commit, before the answer.

        `days` are the local dates on which they changed, as ordinals. Should Valkey be away, all answers become
        unreachable at the next contact.
        """
        pairs = [word for employee, version in versions.items() for word in (str(employee), version)]
        await self._tell(scripts.BUMP, str(tenant_id), len(versions), *pairs, *days)
        told.set(True)

    async def forget(self, tenant: UUID | str) -> None:
        """Make all answers of a tenant, by id or slug, unreachable: after a change of any other kind."""
        await self._tell(scripts.FORGET, str(tenant))

    def close(self) -> None:
        """End the connection."""
        if self._healing is not None:
            self._healing.cancel()
        if self._valkey is not None:
            self._valkey.close()

    async def _tell(self, script: str, *words: str | int) -> None:
        if await self._run(script, *words) is None and self._valkey is not None:
            self._missed = True
            self._healing = self._healing or asyncio.create_task(self._heal())

    async def _run(self, script: str, *words: str | int) -> Any:  # noqa: ANN401  what scripts.py says
        """Return what a script answers; None when nothing does."""
        if self._valkey is None:
            return None
        try:
            await self._begin_epoch(self._valkey)
            return await self._valkey.ask("EVALSHA", self._digests[script], 0, *words)
        except Away as err:
            if not str(err).startswith("NOSCRIPT"):
                return None
        try:
            return await self._valkey.ask("EVAL", script, 0, *words)
        except Away:
            return None

    async def _begin_epoch(self, valkey: Valkey) -> None:
        if self._missed:
            await valkey.ask("INCR", "slots:epoch")
            self._missed = False

    async def _heal(self) -> None:
        while self._missed and self._valkey is not None:
            await asyncio.sleep(_HEAL_S)
            with contextlib.suppress(Away):
                await self._begin_epoch(self._valkey)
        self._healing = None


def tag_of(answer: bytes) -> str:
    """Return the entity tag of an answer, with its quotes."""
    return f'"{hashlib.blake2b(answer, digest_size=16).hexdigest()}"'


_OUTCOMES: tuple[str, ...] = ("miss", "none_yet", "not_modified", "hit")
_SCRIPTS = (scripts.LOOK, scripts.LEARN, scripts.BUMP, scripts.FORGET)
_TAG = len(tag_of(b""))
