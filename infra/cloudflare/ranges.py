"""The networks that Cloudflare's requests come from, as data: infra/cloudflare/ranges.json. Loads no SDK."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from infra.fleet import CDN, Flow

FILE = Path(__file__).parent / "ranges.json"
# The list changed last in 2021; a network that is missing costs users in part of the world, one too many lets it in.
MAX_AGE = timedelta(days=365)


class Ranges(BaseModel):
    """The published list and the day it was taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    taken: date
    ipv4: tuple[IPv4Network, ...]
    ipv6: tuple[IPv6Network, ...]


@cache
def published() -> Ranges:
    """The committed list."""
    return Ranges.model_validate_json(FILE.read_text())


def stale(found: Ranges, today: date) -> str | None:
    """Return what to do when the list is too old to trust, else None."""
    age = today - found.taken
    if age <= MAX_AGE:
        return None
    return (
        f"infra/cloudflare/ranges.json was taken {found.taken}, {age.days} days ago; {MAX_AGE.days} are allowed. "
        "Compare it with https://www.cloudflare.com/ips-v4 and https://www.cloudflare.com/ips-v6, then set `taken` to "
        "the day of that."
    )


def as_hosts_see(
    flows: Sequence[Flow], balancer: Sequence[IPv4Network], operators: Sequence[IPv4Network | IPv6Network] = ()
) -> tuple[Flow, ...]:
    """Return the flows with the CDN and the operators as networks: hosts filter by address, and have IPv4 only.

    The load balancer keeps a client's address but for its own checks and for clients over IPv6: those come from the
    subnets that it stands in.
    """
    named = {CDN: (*published().ipv4, *sorted(balancer)), "control": [one for one in operators if one.version == 4]}  # noqa: PLR2004 - IPv4
    return tuple(replace(flow, sources=tuple(_with_networks(flow.sources, named))) for flow in flows)


def _with_networks(sources: Sequence[str], named: Mapping[str, Sequence[IPv4Network | IPv6Network]]) -> Generator[str]:
    for source in sources:
        yield from (str(network) for network in named[source]) if source in named else (source,)
