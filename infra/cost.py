"""What a cloud stack costs a month, by what stands still: an estimate from a table of list prices that says its date.

Pure but for `table`. What follows the use is left out, see `LEFT_OUT`.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.cloud_settings import CloudSettings
from infra.fleet import Fleet

HOURS_A_MONTH = 730  # as AWS counts
LEFT_OUT = "traffic, requests, stored objects, recovery points, logs, alarms, secrets and what Cloudflare charges"

_MIB_A_GIB = 1024
_ZONES = 3
# How many of each the two layers and `boka init` make; a test counts them in the recorded programs.
KEYS = 7
ENDPOINT_SERVICES = {"nat-per-zone": 0, "nat-single": 0, "endpoints": 5}
GATEWAYS = {"nat-per-zone": _ZONES, "nat-single": 1, "endpoints": 0}


@dataclass(frozen=True, kw_only=True)
class Item:
    """Some things of one price."""

    what: str
    count: float
    usd_a_month: float


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What the stack costs a month. Without items the table has no prices of the region."""

    region: str
    as_of: str
    items: tuple[Item, ...]

    @property
    def usd_a_month(self) -> float:
        """All items together."""
        return sum(item.usd_a_month for item in self.items)


def table() -> dict[str, Any]:
    """Return the price table of this checkout."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("prices.json").read_text(encoding="utf-8"))
    return found


def estimate(settings: CloudSettings, fleet: Fleet, prices: Mapping[str, Any]) -> Estimate:
    """Return what the stack of these settings costs by these prices."""
    here: Mapping[str, Any] | None = prices["regions"].get(settings.region)
    items = tuple(_items(settings, fleet, here)) if here else ()
    return Estimate(region=settings.region, as_of=prices["as_of"], items=items)


def _items(settings: CloudSettings, fleet: Fleet, prices: Mapping[str, Any]) -> list[Item]:
    types = Counter(settings.instance_type(host.groups[0]) for host in fleet.hosts)
    hosts = [_hourly(f"{kind} hosts", count, prices["instance_hour"][kind]) for kind, count in sorted(types.items())]
    gib = len(fleet.hosts) * settings.root_gib + sum(volume.size_mib // _MIB_A_GIB for volume in fleet.volumes)
    gateways = GATEWAYS[settings.egress]
    others = [
        Item(what="GiB of gp3 volumes", count=gib, usd_a_month=gib * prices["gp3_gib_month"]),
        _hourly("NAT gateways", gateways, prices["nat_gateway_hour"]),
        _hourly("interface endpoints", ENDPOINT_SERVICES[settings.egress] * _ZONES, prices["endpoint_hour"]),
        _hourly("load balancer", 1, prices["load_balancer_hour"]),
        # The load balancer has one in each zone, the bastion one.
        _hourly("public addresses", gateways + _ZONES + 1, prices["public_address_hour"]),
        Item(what="KMS keys", count=KEYS, usd_a_month=KEYS * prices["key_month"]),
    ]
    return [item for item in (*hosts, *others) if item.count]


def _hourly(what: str, count: int, usd_an_hour: float) -> Item:
    return Item(what=what, count=count, usd_a_month=count * usd_an_hour * HOURS_A_MONTH)
