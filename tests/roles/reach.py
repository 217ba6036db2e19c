"""How a test reaches a service from where the service's clients are, and from where nobody may."""

import http.client
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra import handover, paths


class StillFalse(AssertionError):
    """What a test waits for did not come about in the time that it may take."""


def eventually(question: Callable[[], object], *, within_s: float) -> None:
    """Ask until the answer is true."""
    deadline = time.monotonic() + within_s
    while not question():
        if time.monotonic() > deadline:
            raise StillFalse(f"not true within {within_s} s: {question.__name__}")
        time.sleep(0.2)


def is_dropped(address: str, port: int) -> bool:
    """Tell whether nothing at all comes back: a closed port would refuse at once, a served one would answer."""
    with socket.socket() as client:
        client.settimeout(1)  # every host is one bridge away: an answer takes less than a millisecond
        try:
            client.connect((address, port))
        except TimeoutError:
            return True
        except ConnectionRefusedError:
            return False
    return False


@contextmanager
def tunnel(stack: handover.StackFile, source: str, address: str, port: int) -> Iterator[int]:
    """Yield a local port behind which `source` speaks to `address`: the service sees that host as its client."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        local = free.getsockname()[1]
        free.close()
        ssh = _ssh(stack, source, Path(folder) / "control")
        # -f: it returns once the forwarding stands.
        subprocess.run([*ssh, "-MfN", "-L", f"127.0.0.1:{local}:{address}:{port}", source], check=True, timeout=20)
        try:
            yield local
        finally:
            subprocess.run([*ssh, "-O", "exit", source], check=True, capture_output=True, timeout=20)


def _ssh(stack: handover.StackFile, host: str, control: Path) -> list[str]:
    options = {
        "BatchMode": "yes",
        "ControlPath": str(control),
        "ExitOnForwardFailure": "yes",
        "HostKeyAlias": handover.alias(stack.stack, host),
        "HostName": stack.hosts[host].address,
        "IdentityFile": str(paths.ssh_key(stack.stack)),
        "LogLevel": "ERROR",
        "StrictHostKeyChecking": "yes",
        "User": "ops",
        "UserKnownHostsFile": str(paths.known_hosts(stack.stack)),
    }
    return ["ssh", "-F", "none", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]


class PinnedConnection(http.client.HTTPSConnection):
    """HTTPS to a name at an address of our choice: no resolver of this machine takes part."""

    def __init__(self, name: str, address: str, context: ssl.SSLContext, port: int = 443) -> None:
        super().__init__(name, port, timeout=10, context=context)
        self._address = address
        self._context = context

    def connect(self) -> None:
        """Connect to the address, and ask there for the name."""
        self.sock = self._context.wrap_socket(
            socket.create_connection((self._address, self.port), self.timeout), server_hostname=self.host
        )
