"""Gunicorn's configuration: `gunicorn -c python:boka_app.gunicorn 'boka_app.main:app()'`.

Loads the settings first, so that a wrong one stops the master with one sentence instead of failing each worker.
"""

import os
import sys
from pathlib import Path
from typing import Any

from boka_app import logs
from boka_app.settings import SettingsError, load, load_server

try:
    load(os.environ)
    _server = load_server(os.environ)
except SettingsError as err:
    sys.exit(f"boka-app: {err}")

bind = _server.bind
workers = _server.workers
worker_class = "asgi"
asgi_loop = "uvloop"
asgi_lifespan = "on"
control_socket_disable = True  # it would be put under $HOME, which the unit's sandbox hides
worker_tmp_dir = "/dev/shm"  # noqa: S108  heartbeats; on a disk a slow fsync could get a healthy worker killed
timeout = 30  # seconds without a heartbeat; a request is never that long (statements end after 2)
graceful_timeout = 5  # seconds; no request lasts longer, and idle keep-alive connections use all of it
keepalive = 75  # longer than nginx keeps its upstream connections (60 s), so that nginx closes first
forwarded_allow_ips = "*"  # it hands them on; whose word is taken for an address, BOKA_TRUSTED_PROXIES says
logconfig_dict = logs.config(_server.log_level)
proc_name = "boka-app"


def on_starting(_server: Any) -> None:  # noqa: ANN401  gunicorn's arbiter
    """Forget the figures of the last run; counters start from 0 as Prometheus expects after a restart."""
    for left in _metric_files("*.db"):
        left.unlink()


def child_exit(_server: Any, worker: Any) -> None:  # noqa: ANN401
    """Let a dead worker's gauges go; its counters stay in the sum."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        # Not before the folder is empty; the package annotates none of it.
        from prometheus_client.multiprocess import (  # noqa: PLC0415
            mark_process_dead,  # pyright: ignore[reportUnknownVariableType]
        )

        mark_process_dead(worker.pid)


def _metric_files(pattern: str) -> list[Path]:
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return list(Path(folder).glob(pattern)) if folder else []
