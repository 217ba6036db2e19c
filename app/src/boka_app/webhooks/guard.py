"""Where requests on behalf of a tenant may go: public addresses, and networks that the operator allowed.

A name is resolved once and the request goes to the address found, so that no later answer of the name server counts.
"""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from boka_app.webhooks.model import AddressRefused

_NAT64 = ip_network("64:ff9b::/96")


def is_allowed(host: str, networks: Sequence[str]) -> bool:
    """Tell whether a literal address lies in a network that the operator allowed."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in ip_network(network) for network in networks)


def is_public(host: str) -> bool:
    """Tell whether a literal address is one of the internet, also inside what wraps an IPv4 address into IPv6."""
    address = _unwrap(ip_address(host))
    return address.is_global and not address.is_multicast


async def locate(url: str, networks: Sequence[str]) -> tuple[SplitResult, str]:
    """Return the parts of an address, and the one IP address to connect to.

    Raises:
        AddressRefused: it is not https, or any of its addresses is private.
        OSError: the name has no address now.
    """
    parts = urlsplit(url)
    found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, _port(parts), type=socket.SOCK_STREAM)
    addresses = [str(info[4][0]) for info in found]
    allowed = all(is_allowed(address, networks) for address in addresses)
    if not allowed and (parts.scheme != "https" or not all(is_public(address) for address in addresses)):
        raise AddressRefused("the address is not https, or leads into a private network")
    return parts, addresses[0]


def pinned(parts: SplitResult, address: str) -> tuple[str, str]:
    """Return the address to connect to, by number, and the Host header that names whom we mean."""
    literal = f"[{address}]" if ":" in address else address
    url = parts._replace(netloc=f"{literal}:{_port(parts)}").geturl()
    return url, parts.netloc


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _unwrap(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address
