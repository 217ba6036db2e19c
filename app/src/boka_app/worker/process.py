"""`boka-app worker`: the process that relays events and carries out jobs until it is told to stop."""

import asyncio
import logging
import logging.config
import os
import signal
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import fields
from typing import Any

import httpx
import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from prometheus_client import start_http_server

from boka_app import logs
from boka_app.database import connection
from boka_app.parts import Parts, make_parts
from boka_app.settings import WorkerSettings, load, load_worker
from boka_app.worker import carry_out, metrics, queries
from boka_app.worker.model import Work
from boka_app.worker.relay import BATCH, relay

_NAME = "boka-worker"  # in pg_stat_activity
CONCURRENCY = 8  # jobs at once; they mostly wait for remote ends
_GRACE_S = 8  # for jobs under way, of the 10 s a stop may take
_IDLE_S = 0.25  # between two looks into an empty outbox
_LOOK_S = 10  # between two looks at the queue and for jobs left behind
_AWAY_S = 2  # before PostgreSQL is tried again
_AWAY = (psycopg.OperationalError, ConnectorException, OSError)
_log = logging.getLogger(__name__)


def main(env: Mapping[str, str]) -> None:
    """Read the environment and work until stopped.

    Raises:
        SettingsError: something in it is missing or wrong.
    """
    settings, worker = load(env), load_worker(env)
    logging.config.dictConfig(logs.config(worker.log_level))
    logging.getLogger("procrastinate.worker").setLevel(logging.CRITICAL)  # it logs errors with their text: see _report
    asyncio.run(run(make_parts(settings, _NAME), worker))


async def run(parts: Parts, settings: WorkerSettings) -> None:
    """Work until SIGTERM or SIGINT; then end within 10 s. PostgreSQL may come and go meanwhile."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    host, _, port = settings.worker_metrics.rpartition(":")
    if port:
        start_http_server(int(port), addr=host.strip("[]"))
    async with make_work(parts) as work:
        app = make_app(work, parts.settings.database.connect_kwargs(application=_NAME))
        tasks = [asyncio.create_task(_carry_out(app)), asyncio.create_task(_relay(work))]
        notify("READY=1")
        waiting = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
        notify("STOPPING=1")
        for task in (waiting, *tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in done - {waiting}:
            task.result()  # only a defect ends one of them: let it end the process, and systemd start it again


@asynccontextmanager
async def make_work(parts: Parts) -> AsyncGenerator[Work]:
    """Open what jobs need, and close it."""
    async with httpx.AsyncClient(timeout=10) as client:
        await parts.pool.open(wait=False)
        try:
            yield Work(**{field.name: getattr(parts, field.name) for field in fields(parts)}, http=client)
        finally:
            await parts.pool.close(timeout=2)


def make_app(work: Work, connect_kwargs: dict[str, str | int]) -> App:
    """Return procrastinate's application with every job of the registry."""
    app = App(connector=PsycopgConnector(kwargs=connect_kwargs, min_size=1, max_size=4, timeout=5))
    carry_out.add_tasks(app, work)
    return app


def notify(state: str) -> None:
    """Tell systemd, where it listens. Source: sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
            end.send(state.encode())


async def _carry_out(app: App) -> None:
    while True:
        try:
            async with app.open_async():
                how: dict[str, Any] = {"install_signal_handlers": False, "shutdown_graceful_timeout": _GRACE_S}
                await app.run_worker_async(name="boka", concurrency=CONCURRENCY, **how)
        except _AWAY as error:
            _log.warning("the queue does not answer: %s", type(error).__name__)
        await asyncio.sleep(_AWAY_S)


async def _relay(work: Work) -> None:
    loop = asyncio.get_running_loop()
    look_at = loop.time()
    while True:
        notify("WATCHDOG=1")
        try:
            full = await relay(work.pool) == BATCH
            if loop.time() >= look_at:
                look_at = loop.time() + _LOOK_S
                await _look(work)
        except _AWAY as error:
            _log.warning("the database does not answer: %s", type(error).__name__)
            await asyncio.sleep(_AWAY_S)
            continue
        if not full:
            await asyncio.sleep(_IDLE_S)


async def _look(work: Work) -> None:
    async with connection(work.pool) as conn:
        rescued = await queries.rescue_jobs(conn, most=carry_out.MOST_ATTEMPTS)
        queue = await queries.read_queue(conn)
    if rescued:
        _log.warning("queued again what a dead worker left", extra={"facts": {"jobs": rescued}})
    metrics.WAITING.set(queue.waiting)
    metrics.FAILED.set(queue.failed)
    metrics.OLDEST.set(queue.oldest_seconds)
    metrics.EVENTS.set(queue.events)
