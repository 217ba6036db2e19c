"""A stack's own network: a bridge in a namespace of its own, and one link that makes the machine a neighbour.

No masquerade and no forwarding: hosts reach each other, the machine, and nothing else.
"""

import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local import claims
from infra.local.system import LocalError, Machine, System

BRIDGE = "br0"
_UPLINK = "uplink"
# Linux limits interface names to 15 characters; "bk-" + the longest stack name fits.
_LINK_PREFIX = "bk-"


@dataclass(frozen=True)
class NetworkSpec:
    """What a stack's network should be."""

    stack: str
    subnet: str
    control_address: str


def namespace(stack: str) -> str:
    """Name of the stack's network namespace."""
    return f"boka-{stack}"


def namespace_path(stack: str) -> Path:
    """Handle of the stack's network namespace."""
    return Path("/run/netns") / namespace(stack)


def link(stack: str) -> str:
    """Name of the machine's side of the stack's uplink."""
    return f"{_LINK_PREFIX}{stack}"


class Networks:
    """Make, look at and remove stack networks."""

    def __init__(self, system: System | None = None) -> None:
        self._system = system or Machine()

    def ensure(self, spec: NetworkSpec) -> None:
        """Make the network or repair what is missing.

        Raises:
            ForeignObjectError: the namespace or interface exists and is not ours.
            LocalError: the subnet is in use on this machine.
        """
        exists = self._namespace_exists(spec.stack) or self._link_exists(spec.stack)
        claims.claim(spec.stack, "network", namespace(spec.stack), exists=exists)
        self._refuse_taken_subnet(spec)
        if not self._namespace_exists(spec.stack):
            self._system.run("ip", "netns", "add", namespace(spec.stack))
        self._ensure_bridge(spec.stack)
        self._ensure_uplink(spec)

    def _ensure_bridge(self, stack: str) -> None:
        inside = ("ip", "-n", namespace(stack))
        if self._system.try_run(*inside, "link", "show", BRIDGE).code != 0:
            self._system.run(*inside, "link", "add", BRIDGE, "type", "bridge")
        self._system.run(*inside, "link", "set", "lo", "up")
        self._system.run(*inside, "link", "set", BRIDGE, "up")
        for port in self._ports(stack):  # hosts that outlived their bridge find it again
            self._system.run(*inside, "link", "set", port, "master", BRIDGE, "up")

    def _ports(self, stack: str) -> list[str]:
        links = json.loads(self._system.run("ip", "-n", namespace(stack), "-j", "link", "show") or "[]")
        return [one["ifname"] for one in links if one["ifname"].startswith("vb-") and one.get("master") != BRIDGE]

    def _ensure_uplink(self, spec: NetworkSpec) -> None:
        inside = ("ip", "-n", namespace(spec.stack))
        if self._link_exists(spec.stack) and self._system.try_run(*inside, "link", "show", _UPLINK).code != 0:
            # Its other end is in a namespace that lost its name: hosts started there still hold it.
            self._system.run("ip", "link", "delete", link(spec.stack))
        if not self._link_exists(spec.stack):
            self._system.run(
                "ip", "link", "add", link(spec.stack), "type", "veth",
                "peer", "name", _UPLINK, "netns", namespace(spec.stack),
            )  # fmt: skip
        self._system.run(*inside, "link", "set", _UPLINK, "master", BRIDGE, "up")
        address = f"{spec.control_address}/{ipaddress.IPv4Network(spec.subnet).prefixlen}"
        self._system.run("ip", "address", "replace", address, "dev", link(spec.stack))
        self._system.run("ip", "link", "set", link(spec.stack), "up")

    def _refuse_taken_subnet(self, spec: NetworkSpec) -> None:
        wanted = ipaddress.IPv4Network(spec.subnet)
        for interface, used in used_networks(self._system):
            if interface != link(spec.stack) and used.overlaps(wanted):
                raise LocalError(
                    f"subnet {wanted} of stack {spec.stack} is in use on this machine: {interface} has {used}. "
                    f"Set another: pulumi config set boka:subnet 198.18.N.0/24 -s {spec.stack}"
                )

    def observe(self, spec: NetworkSpec) -> bool | None:
        """Return None if the network is gone, else whether it is whole."""
        if not self._namespace_exists(spec.stack):
            return None
        bridge = self._system.try_run("ip", "-n", namespace(spec.stack), "link", "show", BRIDGE, "up")
        address = self._system.try_run("ip", "-j", "address", "show", "dev", link(spec.stack), "up")
        return bridge.code == 0 and bool(bridge.out.strip()) and spec.control_address in address.out

    def remove(self, stack: str) -> None:
        """Remove the network if this stack made it; already gone is success."""
        if not claims.held(stack, "network", namespace(stack)):
            return
        if self._link_exists(stack):
            self._system.run("ip", "link", "delete", link(stack))
        if self._namespace_exists(stack):
            self._system.run("ip", "netns", "delete", namespace(stack))
        claims.release(stack, "network", namespace(stack))

    def _namespace_exists(self, stack: str) -> bool:
        names = {line.split()[0] for line in self._system.run("ip", "netns", "list").splitlines() if line.strip()}
        return namespace(stack) in names

    def _link_exists(self, stack: str) -> bool:
        return self._system.try_run("ip", "link", "show", link(stack)).code == 0


def used_networks(system: System) -> list[tuple[str, ipaddress.IPv4Network]]:
    """Return (interface, network) of every IPv4 address and route of the machine, default route aside."""
    addresses = json.loads(system.run("ip", "-4", "-j", "address", "show") or "[]")
    routes = json.loads(system.run("ip", "-4", "-j", "route", "show") or "[]")
    found = [
        (one["ifname"], ipaddress.IPv4Interface(f"{info['local']}/{info['prefixlen']}").network)
        for one in addresses
        for info in one.get("addr_info", [])
        if info.get("local")
    ]
    found += [
        (one.get("dev", "a route"), ipaddress.IPv4Network(one["dst"])) for one in routes if one["dst"] != "default"
    ]
    return found


def free_subnet(system: System | None = None, promised: Sequence[ipaddress.IPv4Network] = ()) -> ipaddress.IPv4Network:
    """Return the first /24 of 198.18.0.0/15 that nothing on this machine uses; the first one is left to `local`.

    `promised` are those of stacks whose network does not exist yet. The caller holds a machine-wide lock until the
    network exists or its promise is written down. Raises: LocalError when all are taken.
    """
    from infra.settings import LOCAL_RANGE, RESERVED  # noqa: PLC0415 - keeps pydantic out of the provider's start

    used = [net for _, net in used_networks(system or Machine())] + list(promised)
    for candidate in list(LOCAL_RANGE.subnets(new_prefix=24))[1:]:
        if candidate != RESERVED and not any(net.overlaps(candidate) for net in used):
            return candidate
    raise LocalError(f"no /24 of {LOCAL_RANGE} is free on this machine. Take a stack down: boka down --stack NAME")
