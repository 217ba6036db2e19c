"""`boka hosts`: which hosts the stack has."""

from dataclasses import dataclass
from typing import Any

from ops import fleet, stacks
from ops.commands.options import AsJson, StackName
from ops.screen import Screen


@dataclass(frozen=True, kw_only=True)
class Hosts:
    """The fleet as it was handed over."""

    stack: str
    hosts: dict[str, dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """Return the facts, stable for scripts."""
        return {"stack": self.stack, "hosts": self.hosts}

    def lines(self) -> list[str]:
        """Return the sentences for a reader, the main one first."""
        rows = [
            f"  {name:10} {host['address']:15} {host['memory_mib']:5} MiB  {', '.join(host['groups'])}"
            for name, host in self.hosts.items()
        ]
        return [f"Stack {self.stack} has {len(self.hosts)} hosts.", *rows]


def hosts(*, stack: StackName = "local", as_json: AsJson = False) -> None:
    """List the hosts: name, address, memory, groups."""
    found = fleet.read(stacks.named(stack)).model_dump(mode="json")["hosts"]
    Screen(as_json=as_json).result(Hosts(stack=stack, hosts=found))
