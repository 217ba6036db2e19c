"""Only Cloudflare, and only our zone of it, reaches the edges: it shows a certificate that was made for that.

State names the dynamic provider's module and class: never move or rename it.
"""

from dataclasses import asdict
from typing import Any

import pulumi
import pulumi_cloudflare as cloudflare
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider

from infra import origin_certificate
from infra.aws.component import Component, Context

_SECRET = ["private_key"]


class OriginCertificateProvider(ResourceProvider):
    """Makes the certificate once; its key is a secret of the state, which a KMS key encrypts."""

    serialize_as_secret_always = False  # captures nothing, so the state stays readable

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make it."""
        made = origin_certificate.generate(props["domain"])
        return CreateResult(f"origin-certificate/{props['domain']}", {**props, **asdict(made)})

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Another domain's is another certificate."""
        moved = olds["domain"] != news["domain"]
        return DiffResult(changes=moved, replaces=["domain"] if moved else [])

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """It exists in the state only, so the state is right."""
        return ReadResult(id_, props)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Nothing lies outside the state."""


class OriginCertificate(Resource, module="boka", name="OriginCertificate"):
    """Outputs: `authority`, `certificate`, `private_key` (secret), all in PEM."""

    authority: pulumi.Output[str]
    certificate: pulumi.Output[str]
    private_key: pulumi.Output[str]

    def __init__(self, domain: str, opts: pulumi.ResourceOptions) -> None:
        props = {"domain": domain, "authority": None, "certificate": None, "private_key": None}
        secret = pulumi.ResourceOptions(additional_secret_outputs=_SECRET)
        super().__init__(OriginCertificateProvider(), domain, props, pulumi.ResourceOptions.merge(opts, secret))


class OriginPull(Component):
    """Outputs: `authority`, whose certificate the edges ask for."""

    def __init__(self, name: str, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("OriginPull", name, context, parent)
        zone_id = self.settings.cloudflare_zone_id
        made = OriginCertificate(self.settings.domain, pulumi.ResourceOptions(parent=self))
        shown = cloudflare.AuthenticatedOriginPullsCertificate(
            "shown",
            zone_id=zone_id,
            certificate=made.certificate,
            private_key=made.private_key,
            opts=self.child(cloudflare.AuthenticatedOriginPullsCertificate, "shown"),
        )
        cloudflare.AuthenticatedOriginPullsSettings(
            "switch",
            zone_id=zone_id,
            enabled=True,
            opts=self.child(cloudflare.AuthenticatedOriginPullsSettings, "switch", after=[shown]),
        )
        self.authority = made.authority
        self.register_outputs({"authority": self.authority})
