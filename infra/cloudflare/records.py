"""DNS records: names to the load balancer, and which authorities may certify them."""

from dataclasses import dataclass

import pulumi
import pulumi_cloudflare as cloudflare

from infra.aws.component import Component, Context
from infra.cloudflare import names

AUTOMATIC = 1  # the only time to live that a proxied record may have
# Names that Cloudflare does not stand before must be able to move to it, or back, within minutes.
_UNPROXIED_TTL_S = 300
_CAA_TTL_S = 3600
# Let's Encrypt certifies the edges, the others (and it) what Cloudflare shows to browsers.
AUTHORITIES = {"lets-encrypt": "letsencrypt.org", "google": "pki.goog", "ssl-com": "ssl.com"}


@dataclass(frozen=True, kw_only=True)
class RecordsArgs:
    """`origin` is the load balancer's name."""

    origin: pulumi.Input[str]


class Records(Component):
    """One record a name that the hosts answer, proxied unless the CDN is off."""

    def __init__(self, name: str, args: RecordsArgs, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Records", name, context, parent)
        for word, host in names.of(self.settings).hosts.items():
            self._point(word, host, args.origin)
        for authority, domain in AUTHORITIES.items():
            self._allow(f"caa-{authority}", "issue", domain)
            self._allow(f"caa-wildcard-{authority}", "issuewild", domain)
        self._allow("caa-report", "iodef", f"mailto:{self.settings.alert_email}")
        self.register_outputs({})

    def _point(self, word: str, host: str, origin: pulumi.Input[str]) -> None:
        proxied = self.settings.cdn
        cloudflare.DnsRecord(
            word,
            zone_id=self.settings.cloudflare_zone_id,
            name=host,
            type="CNAME",
            content=origin,
            proxied=proxied,
            ttl=AUTOMATIC if proxied else _UNPROXIED_TTL_S,
            comment=f"boka {self.settings.environment}: the edges' load balancer",
            settings={"flatten_cname": False},
            tags=[],
            opts=self.child(cloudflare.DnsRecord, word),
        )

    def _allow(self, name: str, tag: str, value: str) -> None:
        cloudflare.DnsRecord(
            name,
            zone_id=self.settings.cloudflare_zone_id,
            name=self.settings.domain,
            type="CAA",
            data={"flags": 0, "tag": tag, "value": value},
            proxied=False,
            ttl=_CAA_TTL_S,
            comment=f"boka {self.settings.environment}: who may certify",
            settings={},
            tags=[],
            opts=self.child(cloudflare.DnsRecord, name),
        )
