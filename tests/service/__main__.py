"""Test the booking service against PostgreSQL 17 as the platform's roles configure it: `python tests/service`.

One database host is booted and configured, its socket forwarded to this machine; it is gone at the end.
"""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local import lab
from ops import fleet, plays, removal, stacks
from ops.preparation import ensure_secrets

REPOSITORY = Path(__file__).parents[2]
SOCKET = "/var/run/postgresql/.s.PGSQL.5432"
TESTS = ("tests/app",)


@contextmanager
def database_host() -> Iterator[stacks.Stack]:
    """Boot and configure one database host for the block."""
    stack = stacks.named(f"t{secrets.token_hex(2)}")
    try:
        lab.up(stack.name, ["db", "app", "ops"], bare=False, count=1)
        ensure_secrets(stack)
        environment = plays.environment(stack, os.environ)
        subprocess.run(["ansible-playbook", "tests/service/database.yml"], cwd=REPOSITORY, env=environment, check=True)
        yield stack
    finally:
        removal.remove_state(stack)


@contextmanager
def forwarded_socket(stack: stacks.Stack) -> Iterator[str]:
    """Forward the database's socket to this machine for the block; return the folder that holds it."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder) / Path(SOCKET).name
        argv = fleet.ssh_argv(stack, "db1", fleet.read(stack))
        forward = ["-N", "-o", "ExitOnForwardFailure=yes", "-L", f"{here}:{SOCKET}"]
        with subprocess.Popen([argv[0], *forward, *argv[1:]], stdin=subprocess.DEVNULL) as tunnel:
            try:
                deadline = time.monotonic() + 20
                while not here.exists() and tunnel.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.05)
                yield folder
            finally:
                tunnel.terminate()


def main() -> int:
    """Run the tests that need a database; their exit code is ours."""
    with database_host() as stack, forwarded_socket(stack) as folder:
        environment = {**os.environ, "BOKA_TEST_DATABASE_URL": f"postgresql://ops@/postgres?host={folder}"}
        argv = [sys.executable, "-m", "pytest", "-q", "-m", "postgresql", *TESTS]
        return subprocess.run(argv, cwd=REPOSITORY, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
