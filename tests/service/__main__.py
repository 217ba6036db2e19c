"""Test the booking service against PostgreSQL 17 and Valkey as the platform's roles configure them.

    python tests/service [COMMAND...]

Two hosts are booted and configured, their sockets forwarded to this machine; they are gone at the end. COMMAND runs
beside them instead of the tests, with BOKA_TEST_DATABASE_URL and BOKA_TEST_VALKEY_URL set.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from infra.local import lab
from ops import fleet, plays, removal, stacks
from ops.preparation import ensure_secrets
from ops.secrets import Store

REPOSITORY = Path(__file__).parents[2]
SOCKET = "/var/run/postgresql/.s.PGSQL.5432"
TESTS = ("tests/app", "tests/browser")


@contextmanager
def hosts() -> Iterator[stacks.Stack]:
    """Boot and configure the hosts for the block."""
    stack = stacks.named(stacks.throwaway_name())
    try:
        lab.up(stack.name, ["db", "cache", "app", "ops"], bare=False, count=1)
        ensure_secrets(stack)
        environment = plays.environment(stack, os.environ)
        subprocess.run(["ansible-playbook", "tests/service/hosts.yml"], cwd=REPOSITORY, env=environment, check=True)
        yield stack
    finally:
        removal.remove_state(stack)


@contextmanager
def forwarded(stack: stacks.Stack, host: str, here: str, there: str) -> Iterator[None]:
    """Forward a socket or port of a host to one of this machine for the block."""
    argv = fleet.ssh_argv(stack, host, fleet.read(stack))
    forward = ["-N", "-o", "ExitOnForwardFailure=yes", "-L", f"{here}:{there}"]
    with subprocess.Popen([argv[0], *forward, *argv[1:]], stdin=subprocess.DEVNULL) as tunnel:
        try:
            deadline = time.monotonic() + 20
            while not _listens(here) and tunnel.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            yield
        finally:
            tunnel.terminate()


def _listens(here: str) -> bool:
    family, address = (socket.AF_UNIX, here) if here.startswith("/") else (socket.AF_INET, ("127.0.0.1", int(here)))
    with socket.socket(family) as probe:
        return probe.connect_ex(address) == 0


def main() -> int:
    """Run the tests that need a database, or a command beside it; its exit code is ours."""
    command = sys.argv[1:] or [sys.executable, "-m", "pytest", "-q", "-m", "postgresql", *TESTS]
    with hosts() as stack, tempfile.TemporaryDirectory() as folder, ExitStack() as tunnels:
        tunnels.enter_context(forwarded(stack, "db1", f"{folder}/{Path(SOCKET).name}", SOCKET))
        cache, port = fleet.read(stack).hosts["cache1"].address, free_port()
        tunnels.enter_context(forwarded(stack, "cache1", str(port), f"{cache}:6379"))
        password, authority = Store(stack).get("database/valkey"), stack.authority / "ca.pem"
        environment = {
            **os.environ,
            "BOKA_TEST_DATABASE_URL": f"postgresql://ops@/postgres?host={folder}",
            "BOKA_TEST_VALKEY_URL": f"valkeys://booking:{password}@localhost:{port}/0?ssl_ca_certs={authority}",
        }
        return subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
