"""The root certificate that a client must trust to open the site of a local stack: its own ACME authority's.

That authority makes a new root whenever it restarts, so it is asked each time, over TLS that the stack's internal
authority vouches for. Staging and production have certificates that every client trusts.
"""

import http.client
import ssl
from typing import TYPE_CHECKING

from infra.files import write_atomically
from ops.stacks import Stack

if TYPE_CHECKING:
    from pathlib import Path

    from infra.handover import StackFile

_PATH = "/roots/0"  # of Pebble's management port: the root of its first chain


def fetch(stack: Stack, hosts: "StackFile", *, deadline_s: float = 5) -> "Path | None":
    """Return the file with the root as it is now; None where clients need none.

    Raises:
        OSError: the authority does not answer, or is not the stack's.
    """
    address = next((host.address for host in hosts.hosts.values() if "world" in host.groups), None)
    if address is None:
        return None
    content = _get(address, hosts.ports["acme_management"], stack.authority / "ca.pem", deadline_s)
    path = stack.authority / "site-root.pem"
    if not path.exists() or path.read_bytes() != content:
        write_atomically(path, content, mode=0o644)
    return path


def _get(address: str, port: int, authority: "Path", deadline_s: float) -> bytes:
    context = ssl.create_default_context(cafile=str(authority))
    connection = http.client.HTTPSConnection(address, port, timeout=deadline_s, context=context)
    try:
        connection.request("GET", _PATH)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status != http.client.OK or b"BEGIN CERTIFICATE" not in content:
        msg = f"{address}:{port}{_PATH} answers {answer.status} instead of a root certificate"
        raise OSError(msg)
    return content
