"""`boka open`: the booking page in the user's own browser."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from ops import fleet, forward, site_root, stacks
from ops.commands.options import AsJson, StackName
from ops.screen import Screen

Port = Annotated[int, typer.Option(help="Loopback port; 443 lets links without a port work, and needs root.")]


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What the browser needs to know."""

    url: str
    hosts_line: str
    root_certificate: str
    forward: str

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        trust = (
            f"import {self.root_certificate} as an authority; it signs this stack only, and is new when world1 restarts"
        )
        return [
            f"{self.url} is forwarded from {self.forward} until you press Ctrl-C.",
            f"  name   add to /etc/hosts of the browser's machine: {self.hosts_line}",
            f"  trust  {trust}",
            f"  open   {self.url}",
        ]


@dataclass(frozen=True, kw_only=True)
class Public:
    """A site that the internet has: nothing to forward."""

    url: str

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        return [f"Open {self.url}"]


def open_(*, stack: StackName = "local", port: Port = 8443, as_json: AsJson = False) -> None:
    """Forward a loopback port to the site and print what the browser needs; on a cloud, print the address."""
    chosen = stacks.named(stack)
    hosts = fleet.read(chosen)
    if not chosen.is_local:
        Screen(as_json=as_json).result(Public(url=hosts.endpoints["site"]))
        return
    root = site_root.fetch(chosen, hosts)
    tail = "" if port == hosts.ports["https"] else f":{port}"
    opened = Opened(
        url=f"https://{hosts.domain}{tail}",
        hosts_line=f"127.0.0.1 {' '.join(name for name in hosts.names if not name.startswith('*'))}",
        root_certificate=str(root) if root else "",
        forward=f"127.0.0.1:{port}",
    )
    target = (hosts.network.virtual_address, hosts.ports["https"])
    forward.run(port, target, lambda: Screen(as_json=as_json).result(opened))
