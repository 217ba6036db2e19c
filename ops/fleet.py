"""The hosts of a stack as infra handed them over, and how to reach them by ssh."""

import os
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ops.errors import UsageError
from ops.stacks import Stack

if TYPE_CHECKING:
    from infra.handover import StackFile


class NoSuchHost(UsageError):
    """The stack has no host of that name."""

    def __init__(self, name: str, stack: str, known: Iterable[str]) -> None:
        super().__init__(f'stack {stack} has no host "{name}"; it has {", ".join(known)}.')


def read(stack: Stack) -> "StackFile":
    """Return the stack file.

    Raises:
        StackFileError: it is missing (the stack was never raised), or not to be trusted.
    """
    from infra import handover  # noqa: PLC0415  # loads pydantic, which boka --help does without

    return handover.read(stack.name)


def ssh_argv(stack: Stack, host: str, hosts: "StackFile") -> list[str]:
    """Return the ssh command line to a host, up to where a remote command may follow.

    Raises:
        NoSuchHost: the stack has none of that name.
    """
    if host not in hosts.hosts:
        raise NoSuchHost(host, stack.name, hosts.hosts)
    from infra import connection  # noqa: PLC0415  # loads pydantic, as above

    own = ["-o", "ConnectTimeout=10", "-o", "LogLevel=ERROR"]
    reached = f"{connection.USER}@{connection.address(hosts, host)}"
    return ["ssh", "-F", "none", "-i", str(connection.key(hosts)), *own, *connection.options(hosts, host), reached]


def replace_process(argv: list[str]) -> None:
    """Become this command: its terminal, signals and exit code are the user's own. Does not return."""
    os.execvp(argv[0], argv)  # noqa: S606  # an argv list, no shell


def tell_each(stack: Stack, names: Iterable[str], text: str) -> list[str]:
    """Append a line to `/var/log/boka-journal.log` of each host; return the hosts where this did not work."""
    hosts = read(stack)

    def tell(name: str) -> bool:
        argv = [
            *ssh_argv(stack, name, hosts),
            "-o",
            "BatchMode=yes",
            "sudo tee -a /var/log/boka-journal.log >/dev/null",
        ]
        try:
            subprocess.run(argv, input=f"{text}\n", text=True, capture_output=True, check=True, timeout=30)
        except subprocess.SubprocessError:
            return False
        return True

    wanted = list(names)
    with ThreadPoolExecutor(max_workers=8) as pool:
        return [name for name, told in zip(wanted, pool.map(tell, wanted), strict=True) if not told]
