"""Servers to measure on this machine: ours under gunicorn and under granian, and the peer under uvicorn."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

BIN = Path(sys.executable).parent
WORKERS = 2
READY_WITHIN_S = 20
ARGV = {  # server, and how it is started on a port
    "gunicorn": [f"{BIN}/gunicorn", "-c", "python:boka_app.gunicorn", "boka_app.main:app()"],
    "granian": [
        f"{BIN}/granian", "--interface", "asgi", "--factory", "--loop", "uvloop", "--no-ws", "--log-level", "warning",
        "--workers", str(WORKERS), "--port", "{port}", "boka_app.main:app",
    ],
    "fastapi": [
        f"{BIN}/uvicorn", "--workers", str(WORKERS), "--port", "{port}", "--no-access-log", "--log-level", "warning",
        "--app-dir", "tests/bench", "peer:app",
    ],
}  # fmt: skip
# One client makes all the load: it must not be taken for a flood.
UNLIMITED = {"BOKA_ANONYMOUS_WRITES_PER_MINUTE": "1000000", "BOKA_REQUESTS_PER_MINUTE": "1000000"}
READY_PATH = {"gunicorn": "/api/health/ready", "granian": "/api/health/ready", "fastapi": "/ready"}


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that answers."""

    name: str
    url: str
    ready_after_s: float
    process: psutil.Process

    def mib_per_worker(self) -> float:
        """Return the resident memory of the largest worker."""
        workers = self.process.children(recursive=True)
        return round(max(worker.memory_info().rss for worker in workers) / 2**20, 1)


@contextmanager
def running(name: str, *, port: int, **changes: str) -> Iterator[Server]:
    """Run a server for the block; `changes` are variables of its environment, an empty one is taken away."""
    environment = {**os.environ, "BOKA_BIND": f"127.0.0.1:{port}", "BOKA_WORKERS": str(WORKERS)}
    environment |= {"BOKA_LOG_LEVEL": "warning"} | UNLIMITED | changes
    argv = [word.format(port=port) for word in ARGV[name]]
    began = time.perf_counter()
    with subprocess.Popen(argv, env={k: v for k, v in environment.items() if v}) as process:
        try:
            _wait_until_ready(process, f"http://127.0.0.1:{port}{READY_PATH[name]}")
            took = round(time.perf_counter() - began, 2)
            yield Server(
                name=name, url=f"http://127.0.0.1:{port}", ready_after_s=took, process=psutil.Process(process.pid)
            )
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310  an http address of ours
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"no answer 200 from {url} within {READY_WITHIN_S} s")
