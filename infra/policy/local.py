"""Rules about the local stack's resources."""

from ipaddress import IPv4Address, IPv4Network

from infra.policy.model import Resource, Stack, first_bad, shown
from infra.settings import LOCAL_RANGE, RESERVED

_LEAST_MEMORY_MIB = 64  # what systemd and sshd need


def local_host_has_a_memory_limit(one: Resource, _: Stack) -> str:
    """A host has a memory limit, else one host's leak takes the machine."""
    limit = one.get("memory_mib")
    return "" if isinstance(limit, int) and limit >= _LEAST_MEMORY_MIB else f"memory_mib is {shown(limit)}"


def local_host_has_a_processor_limit(one: Resource, _: Stack) -> str:
    """A host has a ceiling of processors."""
    return one.must("cpus")


def local_host_lies_in_the_stacks_network(one: Resource, stack: Stack) -> str:
    """A host's address is in the stack's network, and is not the control machine's."""
    address = IPv4Address(one.get("address"))

    def outside(network: Resource) -> str:
        subnet = network.get("subnet")
        if str(address) == network.get("control_address"):
            return f"address {address} is the control machine's"
        return "" if address in IPv4Network(subnet) else f"address {address} is outside {subnet}"

    networks = stack.of("Network")
    return first_bad(networks, outside) if networks else "the stack has no network"


def local_address_is_one_hosts(one: Resource, stack: Stack) -> str:
    """No two hosts have one address."""
    mine = one.get("address")

    def same(other: Resource) -> str:
        return f"{other.name} has {mine} too" if other.urn != one.urn and other.get("address") == mine else ""

    return first_bad(stack.of("Host"), same)


def local_network_meets_nobodys(one: Resource, _: Stack) -> str:
    """The stack's network is a /24 of the range set aside for benchmarks, less the package cache's."""
    subnet = IPv4Network(one.get("subnet"))
    ours = subnet.subnet_of(LOCAL_RANGE) and not subnet.overlaps(RESERVED) and subnet.prefixlen >= RESERVED.prefixlen
    return "" if ours else f"subnet is {subnet}"


def local_volume_has_a_size(one: Resource, _: Stack) -> str:
    """A data volume has a ceiling, else one host fills the machine's disk."""
    return one.must("size_mib")


def local_host_knows_its_operator(one: Resource, _: Stack) -> str:
    """A host is opened by the stack's own key."""
    return one.must("authorized_key")
