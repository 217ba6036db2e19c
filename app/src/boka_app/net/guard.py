"""May we send a request to an address that a tenant chose, and to which machine exactly?

The name is resolved once and the request goes to that machine, so that a name cannot mean something else a moment
later. Private networks are refused unless the settings allow them. The client must not follow redirects.
"""

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit

_TRANSLATED = tuple(
    map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
)  # lead to IPv4 inside
_PORTS = {"http": 80, "https": 443}


class AddressRefused(Exception):
    """We send nothing there; the text is for the tenant who chose the address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A machine: what httpx needs to speak to it under the name that was asked for."""

    url: str
    headers: dict[str, str]
    extensions: dict[str, Any]


async def resolve(url: str, *, allowed_networks: tuple[str, ...] = ()) -> Target:
    """Return where a request to `url` may go. Plain http is for allowed networks only.

    Raises:
        AddressRefused: the address is malformed, unknown or private.
    """
    parts, port = _read(url)
    found = await _addresses(parts.hostname or "", port)
    allowed = [ip_network(network) for network in allowed_networks]
    inside = all(any(address in network for network in allowed) for address in found)
    if not inside and not all(map(_is_public, found)):
        raise AddressRefused(f"{parts.hostname} leads to a private network; use an address of the public internet")
    if not inside and parts.scheme != "https":
        raise AddressRefused("the address begins with http; use https")
    host = f"[{found[0]}]" if isinstance(found[0], IPv6Address) else str(found[0])
    return Target(
        url=parts._replace(netloc=f"{host}:{port}").geturl(),
        headers={"Host": parts.netloc},
        extensions={"sni_hostname": parts.hostname},
    )


def _read(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as err:
        raise AddressRefused("the address is malformed; use one such as https://example.org/path") from err
    if not port or not parts.hostname or parts.username is not None or not url.isascii() or not url.isprintable():
        raise AddressRefused("the address needs https, a host name, no user and ASCII only")
    return parts, port


async def _addresses(host: str, port: int) -> list[IPv4Address | IPv6Address]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as err:
        raise AddressRefused(f"no machine is known under {host}; check the name") from err
    return [ip_address(address[0]) for *_, address in found]


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    address = getattr(address, "ipv4_mapped", None) or address
    translated = any(address in network for network in _TRANSLATED)
    return address.is_global and not address.is_multicast and not translated
