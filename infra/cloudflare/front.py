"""The marketing site on Cloudflare Pages: a project that published files go to, and its name."""

import pulumi
import pulumi_cloudflare as cloudflare

from infra import naming
from infra.aws.component import Component, Context
from infra.cloudflare.records import AUTOMATIC


class Front(Component):
    """Publish to it by: wrangler pages deploy <folder> --project-name boka-<environment>-front."""

    def __init__(self, name: str, host: str, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Front", name, context, parent)
        project = cloudflare.PagesProject(
            "front",
            account_id=self.settings.cloudflare_account_id,
            name=naming.physical(self.settings, "front"),
            production_branch="main",
            opts=self.child(cloudflare.PagesProject, "front"),
        )
        if self.settings.live:
            self._lead_to(project, host)
        self.register_outputs({})

    def _lead_to(self, project: cloudflare.PagesProject, host: str) -> None:
        record = cloudflare.DnsRecord(
            "front",
            zone_id=self.settings.cloudflare_zone_id,
            name=host,
            type="CNAME",
            content=project.subdomain,
            proxied=True,
            ttl=AUTOMATIC,
            comment=f"boka {self.settings.environment}: the marketing site on Pages",
            settings={"flatten_cname": False},
            tags=[],
            opts=self.child(cloudflare.DnsRecord, "front"),
        )
        # After the record: Pages certifies the name once it finds it.
        cloudflare.PagesDomain(
            "front",
            account_id=self.settings.cloudflare_account_id,
            project_name=project.name,
            name=host,
            opts=self.child(cloudflare.PagesDomain, "front", after=[record]),
        )
