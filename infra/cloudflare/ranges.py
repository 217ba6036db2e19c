"""The networks that Cloudflare's requests come from, as data: infra/cloudflare/ranges.json. Loads no SDK.

`python -m infra.cloudflare.ranges` fetches them anew and says what changed. Read its diff like code: it is a firewall.
"""

import json
import os
import sys
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from infra.files import write_atomically
from infra.fleet import CDN, Flow

FILE = Path(__file__).parent / "ranges.json"
# As in ops/cloud/cloudflare.py, by the variable that Cloudflare's own tools know too.
_BASE = "CLOUDFLARE_BASE_URL"
_PUBLIC = "https://api.cloudflare.com/client/v4"
_LIMIT_S = 10
# The list changed last in 2021; a network that is missing costs users in part of the world, one too many lets it in.
MAX_AGE = timedelta(days=365)


class Ranges(BaseModel):
    """The published list and the day it was taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    taken: date
    # A list without networks would shut everybody out.
    ipv4: tuple[IPv4Network, ...] = Field(min_length=1)
    ipv6: tuple[IPv6Network, ...] = Field(min_length=1)

    def text(self) -> str:
        """The content of the file."""
        return f"{json.dumps(self.model_dump(mode='json'), indent=1)}\n"


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
        "Fetch it anew and read the diff: python -m infra.cloudflare.ranges. Without a way there, compare it with "
        "https://www.cloudflare.com/ips-v4 and https://www.cloudflare.com/ips-v6, then set `taken` to the day of that."
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


def fetched(base: str, today: date) -> Ranges:
    """Return what Cloudflare says today. Needs no token.

    Raises:
        OSError: no answer.
        ValueError: it is not the list.
    """
    source = f"{base}/ips"
    with urllib.request.urlopen(source, timeout=_LIMIT_S) as answer:  # noqa: S310 - the scheme is ours, or a test's
        found: dict[str, Any] = json.load(answer).get("result") or {}
    return Ranges.model_validate(
        {
            "source": source,
            "taken": today,
            "ipv4": sorted(found.get("ipv4_cidrs", [])),
            "ipv6": sorted(found.get("ipv6_cidrs", [])),
        }
    )


def main(file: Path = FILE, environment: Mapping[str, str] = os.environ) -> int:
    """Take the list anew. Returns 0 when the file is of today, 4 when nothing could be fetched and it stays."""
    base = environment.get(_BASE, _PUBLIC)
    try:
        new = fetched(base, datetime.now(UTC).date())
    except (OSError, ValueError) as err:
        sys.stderr.write(f"no list of networks from {base}/ips: {err}. {file.name} stays as it is.\n")
        return 4
    old = Ranges.model_validate_json(file.read_text())
    write_atomically(file, new.text().encode(), mode=0o644)
    before, after = ({str(one) for one in (*each.ipv4, *each.ipv6)} for each in (old, new))
    changes = [*(f"new: {one}" for one in sorted(after - before)), *(f"gone: {one}" for one in sorted(before - after))]
    sys.stdout.write("".join(f"{line}\n" for line in changes or [f"The networks are those of {old.taken}."]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
