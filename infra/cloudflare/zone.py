"""The zone itself: how Cloudflare speaks to browsers and to us, and that the domain's answers are signed."""

import pulumi
import pulumi_cloudflare as cloudflare

from infra.aws.component import Component, Context

# Two years, what preload lists ask for and what the edges say too (roles/nginx). Not preloaded: nobody could undo that.
_HSTS = {
    "strict_transport_security": {
        "enabled": True,
        "include_subdomains": True,
        "max_age": 63072000,
        "nosniff": True,
        "preload": False,
    }
}

# One resource each, named as in Cloudflare's API. Taking a line out leaves the zone as it is: set the default instead.
SETTINGS: dict[str, object] = {
    "0rtt": "off",  # a repeated request could book twice
    "always_use_https": "on",
    "automatic_https_rewrites": "on",
    "brotli": "on",
    "browser_cache_ttl": 0,  # what the service says holds
    "email_obfuscation": "off",  # it would add a script that the content security policy refuses
    "http2": "on",
    "http3": "on",
    "ipv6": "on",
    "min_tls_version": "1.2",
    "opportunistic_encryption": "on",
    "rocket_loader": "off",  # as email_obfuscation
    "security_header": _HSTS,
    "ssl": "strict",
    "tls_1_3": "on",
    "tls_client_auth": "on",  # authenticated origin pulls: Cloudflare shows its client certificate to the edges
    "websockets": "on",
}


class Zone(Component):
    """Outputs: `ds`, the record that the registrar must be told, once."""

    def __init__(self, name: str, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Zone", name, context, parent)
        zone_id = self.settings.cloudflare_zone_id
        for setting, value in SETTINGS.items():
            cloudflare.ZoneSetting(
                setting,
                zone_id=zone_id,
                setting_id=setting,
                value=value,
                opts=self.child(cloudflare.ZoneSetting, setting),
            )
        # Rules then see a path as the service would: no //, no %2e.
        cloudflare.UrlNormalizationSettings(
            "paths",
            zone_id=zone_id,
            type="cloudflare",
            scope="incoming",
            opts=self.child(cloudflare.UrlNormalizationSettings, "paths"),
        )
        self.ds = cloudflare.ZoneDnssec(
            "signatures",
            zone_id=zone_id,
            status="active",
            dnssec_multi_signer=False,
            dnssec_presigned=False,
            dnssec_use_nsec3=False,
            opts=self.child(cloudflare.ZoneDnssec, "signatures"),
        ).ds
        self.register_outputs({"ds": self.ds})
