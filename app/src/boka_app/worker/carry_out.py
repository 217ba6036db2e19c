"""How one job of the registry is carried out: as a task of procrastinate, counted, bounded, and tried again."""

import asyncio
import logging
import random
import traceback
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from procrastinate import App, BaseRetryStrategy, JobContext, RetryDecision
from procrastinate.jobs import Job

from boka_app.database import connection
from boka_app.worker import queries, registry
from boka_app.worker.metrics import JOBS
from boka_app.worker.model import GiveUp, TryAgain, Work
from boka_app.worker.rules import pause
from boka_app.worker.tenants import job_transaction

MOST_ATTEMPTS = 8  # with the pauses below, some 3 hours
_LONGEST_S = 300  # a job that hangs would keep its place for ever
_log = logging.getLogger(__name__)

_Call = Callable[..., Awaitable[None]]


class _Retry(BaseRetryStrategy):
    """Tries again after 10 s, 30 s, 90 s and so on up to an hour; at once if only the worker was stopped."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision(retry_in={"seconds": 0})
        if isinstance(exception, TryAgain):
            return RetryDecision(retry_in={"seconds": int(exception.pause.total_seconds())})
        if is_last(exception, job.attempts):
            return None
        chance = random.random()  # noqa: S311  spreads load, guards nothing
        wait = pause(job.attempts + 1, chance, first=timedelta(seconds=10), growth=3, most=timedelta(hours=1))
        return RetryDecision(retry_in={"seconds": int(wait.total_seconds())})


def is_last(error: BaseException, attempts_before: int) -> bool:
    """Tell whether nothing follows this error."""
    return isinstance(error, GiveUp) or (not isinstance(error, TryAgain) and attempts_before + 1 >= MOST_ATTEMPTS)


def add_tasks(app: App, work: Work) -> None:
    """Make every job of the registry known to procrastinate."""
    for job in dict.fromkeys(job for _, job in registry.ON_EVENT):  # one job may wait for several kinds
        _add(app, work, job.__name__, partial(_on_event, work, job))
    for job in registry.DEFERRED:
        _add(app, work, job.__name__, partial(_deferred, work, job))
    for cron, job in registry.ON_CLOCK:
        task = _add(app, work, job.__name__, partial(_on_clock, work, job), clock=True)
        app.periodic(cron=cron)(task)


async def _on_event(work: Work, job: registry.EventJob, tenant_id: str, event_id: int) -> None:
    async with job_transaction(work.pool, UUID(tenant_id)) as conn:
        event = await queries.get_event(conn, id=event_id)
    if event is None:
        raise GiveUp(f"event {event_id} is forgotten: it is older than 30 days")
    await job(work, event)


async def _deferred(work: Work, job: registry.DeferredJob, tenant_id: str, subject_id: str) -> None:
    await job(work, UUID(tenant_id), UUID(subject_id))


async def _on_clock(work: Work, job: registry.ClockJob, timestamp: int) -> None:  # noqa: ARG001  procrastinate passes it
    await job(work)


def _add(app: App, work: Work, name: str, call: _Call, *, clock: bool = False) -> Any:  # noqa: ANN401  procrastinate's task
    """Register a job. One on a clock is not tried again before its time, nor runs beside itself."""
    for outcome in ("succeeded", "retried", "failed"):
        JOBS.labels(name, outcome)

    async def run(context: JobContext, **args: Any) -> None:  # noqa: ANN401  ids
        try:
            async with asyncio.timeout(_LONGEST_S):
                await _unlock(work, context)
                await call(**args)
        except Exception as error:
            last = clock or is_last(error, context.job.attempts)
            _report(name, "failed" if last else "retried", context, error)
            raise
        JOBS.labels(name, "succeeded").inc()

    lock = name if clock else None
    retry = False if clock else _Retry()
    return app.task(name=name, pass_context=True, retry=retry, lock=lock, queueing_lock=lock)(run)


async def _unlock(work: Work, context: JobContext) -> None:
    """Let go of the queueing lock: queued again, the job would collide with one that waits by then and be stuck."""
    if context.job.queueing_lock is not None and context.job.id is not None:
        async with connection(work.pool) as conn:
            await queries.clear_queueing_lock(conn, id=context.job.id)


def _report(name: str, outcome: str, context: JobContext, error: Exception) -> None:
    """Count and log. No text of an error but our own: PostgreSQL's quotes the row, and that is a person."""
    JOBS.labels(name, outcome).inc()
    facts: dict[str, Any] = {"job": name, "job_id": context.job.id, "attempt": context.job.attempts + 1}
    facts |= {"args": context.job.task_kwargs, "error": type(error).__name__}
    if isinstance(error, GiveUp | TryAgain):
        facts["text"] = str(error)
    else:
        facts["exception"] = "".join(traceback.format_tb(error.__traceback__))
    _log.log(logging.ERROR if outcome == "failed" else logging.WARNING, "job %s", outcome, extra={"facts": facts})
