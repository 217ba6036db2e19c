"""One package cache for the fleet: nginx in front of the Debian archive, where only this machine's stacks reach it.

Hosts have no way out; this cache is their only source of packages, and each package is downloaded once for all
stacks. It lives as long as any stack holds a lease.
"""

import fcntl
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from infra import paths
from infra.files import write_atomically
from infra.local.archives import Archives, of_this_machine
from infra.local.cgroups import HostCgroup, Limits
from infra.local.claims import prune
from infra.local.system import LocalError, Machine, System

ADDRESS = "198.19.255.1"
PORT = 3142
URL = f"http://{ADDRESS}:{PORT}"
# What the hosts' apt sources name, whatever archive is behind it today.
HOST_ARCHIVES = Archives(f"{URL}/debian", f"{URL}/debian-security")
_INTERFACE = "boka-packages"
_START_DEADLINE_S = 15.0
_CGROUP = ("_machine", "packages")
# nginx streams; 40 MB was the most seen while ten hosts installed at once.
_LIMITS = Limits(memory_mib=256, cpus=2)

_CONFIG = """\
# The package cache of all local stacks; written by infra/local/packages.py when it starts.
daemon off;
user www-data;
worker_processes 1;
pid {run}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
    access_log {logs}/access.log;
    proxy_cache_path {store}/objects levels=1:2 keys_zone=packages:10m max_size=20g inactive=90d use_temp_path=off;
    proxy_cache packages;
    proxy_cache_key $uri;
    proxy_cache_lock on;
    proxy_cache_lock_timeout 10m;
    proxy_cache_use_stale error timeout updating;
    proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;
    proxy_ssl_server_name on;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_temp_path {store}/proxy;
    client_body_temp_path {store}/body;
    fastcgi_temp_path {store}/fastcgi;
    uwsgi_temp_path {store}/uwsgi;
    scgi_temp_path {store}/scgi;
    server {{
        listen {address}:{port};
        # A file in the pool never changes under its name; an index does, and apt checks its signature and age.
{locations}
    }}
}}
"""
_LOCATION = """\
        location /{name}/pool/ {{ proxy_pass {uri}/pool/; proxy_cache_valid 200 90d; }}
        location /{name}/ {{ proxy_pass {uri}/; proxy_cache_valid 200 404 10m; }}
"""


def config(archives: Archives) -> str:
    """Return nginx's configuration for these archives."""
    locations = "".join(
        _LOCATION.format(name=name, uri=uri)
        for name, uri in (("debian", archives.main), ("debian-security", archives.security))
    )
    store = paths.cache() / "packages"
    return _CONFIG.format(
        run=_run(), logs=store / "log", store=store, address=ADDRESS, port=PORT, locations=locations.rstrip()
    )


def _run() -> Path:
    return paths.run_dir() / "packages"


def _leases() -> Path:
    return _run() / "leases"


@contextmanager
def _machine_lock() -> Generator[None]:
    paths.run_dir().mkdir(parents=True, exist_ok=True)
    with (paths.run_dir() / "packages.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


class PackageCache:
    """Start, look at and stop the machine's package cache on behalf of stacks."""

    def __init__(self, system: System | None = None) -> None:
        self._system = system or Machine()

    def ensure(self, stack: str, mirror: str = "") -> None:
        """Take a lease for `stack` and see that the cache answers. Raises: LocalError."""
        with _machine_lock():
            _leases().mkdir(parents=True, exist_ok=True)
            (_leases() / stack).touch()
            self._ensure_address()
            wanted = config(of_this_machine(mirror, self._system))
            current = _run() / "nginx.conf"
            if answers() and current.exists() and current.read_text() == wanted:
                return
            write_atomically(current, wanted.encode())
            self._start(current)

    def observe(self, stack: str) -> bool | None:
        """Return None if the stack holds no lease, else whether the cache answers."""
        return answers() if (_leases() / stack).exists() else None

    def release(self, stack: str) -> None:
        """Give the lease back; the last one stops the cache. Releasing twice is fine."""
        with _machine_lock():
            (_leases() / stack).unlink(missing_ok=True)
            if _leases().is_dir() and any(_leases().iterdir()):
                return
            HostCgroup(*_CGROUP).remove()
            if self._system.try_run("ip", "link", "show", _INTERFACE).code == 0:
                self._system.run("ip", "link", "delete", _INTERFACE)
            shutil.rmtree(_run(), ignore_errors=True)
        (paths.run_dir() / "packages.lock").unlink(missing_ok=True)
        prune(paths.run_dir())

    def _ensure_address(self) -> None:
        if self._system.try_run("ip", "link", "show", _INTERFACE).code != 0:
            # A bridge without ports holds the address: unlike the dummy device it is in every kernel that boots hosts.
            self._system.run("ip", "link", "add", _INTERFACE, "type", "bridge")
        self._system.run("ip", "address", "replace", f"{ADDRESS}/32", "dev", _INTERFACE)
        self._system.run("ip", "link", "set", _INTERFACE, "up")

    def _start(self, configuration: Path) -> None:
        logs = paths.cache() / "packages" / "log"
        logs.mkdir(parents=True, exist_ok=True)
        groups = HostCgroup(*_CGROUP)
        groups.kill()
        self._system.run("nginx", "-t", "-q", "-c", str(configuration))
        joined = [str(folder / "cgroup.procs") for folder in groups.prepare(_LIMITS)]
        # The shell joins the cgroups and becomes the daemon, so the last lease's end kills exactly this process.
        script = 'for procs in "$@"; do echo $$ > "$procs"; done; exec nginx -c "$0"'
        with (logs / "error.log").open("ab") as log:
            subprocess.Popen(
                ["/bin/sh", "-c", script, str(configuration), *joined],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={"PATH": os.environ["PATH"]},
            )  # fmt: skip
        deadline = time.monotonic() + _START_DEADLINE_S
        while not answers():
            if time.monotonic() > deadline:
                raise LocalError(
                    f"the package cache does not answer on {ADDRESS}:{PORT} after {_START_DEADLINE_S:.0f} s. "
                    f"Look: {logs}/error.log"
                )
            time.sleep(0.05)


def answers() -> bool:
    """Whether the cache accepts connections."""
    try:
        with socket.create_connection((ADDRESS, PORT), timeout=1):
            return True
    except OSError:
        return False
