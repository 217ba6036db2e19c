"""Test the booking service against PostgreSQL 17 and Valkey as the platform's roles configure them.

    python tests/service [COMMAND...]

Two hosts are booted and configured, their sockets forwarded to this machine; they are gone at the end. COMMAND runs
beside them instead of the tests. Both find BOKA_TEST_DATABASE_URL and BOKA_TEST_VALKEY_URL, what the service itself
needs to run on this machine against database `booking`: its BOKA_ variables and $CREDENTIALS_DIRECTORY, and
BOKA_TEST_STACK, the hosts' stack. The tests of this folder restart what the others use, so they come after them.
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
CREDENTIALS = {  # file, and the secret it holds; the owner's password is for migrations, under a name of its own
    "database_password": "database/booking_app",
    "owner_password": "database/booking_owner",
    "valkey_password": "database/valkey",
    "signing_key": "auth/booking_signing_key",
    "encryption_key": "auth/booking_encryption_key",
}
PYTEST = (sys.executable, "-m", "pytest", "-q")
MEASURED = ("--cov", "--cov-report=term")  # costs 2 % of the time
TESTS = (
    (*PYTEST, *MEASURED, "-n", "2", "-m", "not hosts", "tests/app", "tests/browser"),
    (*PYTEST, "-m", "hosts", "tests/service"),
)


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
    """Forward a socket of a host to one of this machine for the block."""
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
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(here) == 0


def main() -> int:
    """Run the service's tests and measure what they reach of it, or a command; its exit code is ours."""
    commands = [sys.argv[1:]] if sys.argv[1:] else TESTS
    with hosts() as stack, tempfile.TemporaryDirectory() as folder, ExitStack() as tunnels:
        tunnels.enter_context(forwarded(stack, "db1", f"{folder}/{Path(SOCKET).name}", SOCKET))
        environment = {**os.environ, **service_settings(stack, Path(folder))}
        codes = [subprocess.run(each, cwd=REPOSITORY, env=environment, check=False).returncode for each in commands]
        return max(codes, key=abs)


def service_settings(stack: stacks.Stack, folder: Path) -> dict[str, str]:
    """Return the environment of tests and of the service on this machine; its secrets are put into the folder."""
    addresses = {name: str(host.address) for name, host in fleet.read(stack).hosts.items()}
    authority, get = str(stack.authority / "ca.pem"), Store(stack).get
    for name, secret in CREDENTIALS.items():
        (folder / name).write_text(get(secret))
    valkey = f"booking:{get('database/valkey')}@{addresses['cache1']}:6379"
    return {
        "BOKA_TEST_STACK": stack.name,
        "BOKA_TEST_DATABASE_URL": f"postgresql://ops@/postgres?host={folder}",
        "BOKA_TEST_VALKEY_URL": f"valkeys://{valkey}/0?ssl_ca_certs={authority}",
        "BOKA_DATABASE_HOST": addresses["db1"],
        "BOKA_DATABASE_SSLROOTCERT": authority,
        "BOKA_VALKEY_HOST": addresses["cache1"],
        "BOKA_VALKEY_AUTHORITY": authority,
        "BOKA_PUBLIC_URL": "https://boka.test",
        "CREDENTIALS_DIRECTORY": str(folder),
    }


if __name__ == "__main__":
    sys.exit(main())
