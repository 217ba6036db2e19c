"""Which subnet lies where in a cloud stack's network. Pure, and the only place that does arithmetic on addresses."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network

# public: the load balancer, NAT gateways and the bastion; private: what serves; data: what must not be lost.
TIERS = ("public", "private", "data")
TIER_OF = {"edge": "private", "app": "private", "db": "data", "cache": "data", "ops": "public"}

_BITS = 4  # sixteen subnets
_SLOTS = 4  # a tier: three zones and room for a fourth
_IPV6_PREFIX = 64  # the only size of an IPv6 subnet in a VPC


def subnets(network: IPv4Network, zones: Sequence[str]) -> dict[tuple[str, str], IPv4Network]:
    """Return the IPv4 subnet by tier and zone."""
    parts = list(network.subnets(prefixlen_diff=_BITS))
    return {(tier, zone): parts[slot(tier, zones.index(zone))] for tier in TIERS for zone in zones}


def slot(tier: str, zone_number: int) -> int:
    """Return the number (0-15) of a subnet among the network's sixteen; zones are counted from 0."""
    return TIERS.index(tier) * _SLOTS + zone_number


def ipv6_subnet(block: str, number: int) -> str:
    """Return the /64 with this number (0-255) of the /56 that the provider gave the network."""
    parent = IPv6Network(block)
    start = int(parent.network_address) + (number << (128 - _IPV6_PREFIX))
    return str(IPv6Network((start, _IPV6_PREFIX)))
