"""Cloudflare's own look at the platform from outside, and the mail when it sees something."""

from dataclasses import dataclass

import pulumi
import pulumi_cloudflare as cloudflare

from infra import naming
from infra.aws.component import Component, Context
from infra.cloudflare import plans

# Of the whole account, so said once: by the environment that owns the account's switches. Every plan has these; one
# of a health check comes with health checks. Source: cloudflare/cloudflare-docs, src/content/notifications.
OF_THE_ACCOUNT: dict[str, cloudflare.NotificationPolicyFiltersArgsDict] = {
    "dos_attack_l7": {},
    "incident_alert": {"incident_impacts": ["INCIDENT_IMPACT_CRITICAL", "INCIDENT_IMPACT_MAJOR"]},
    "universal_ssl_event_type": {},
}
_BOTH = ["Healthy", "Unhealthy"]  # that it is over, too


@dataclass(frozen=True, kw_only=True)
class HealthArgs:
    """`origin` is the load balancer's name."""

    origin: pulumi.Input[str]


class Health(Component):
    """A check of the origin, where the plan has checks, and notifications by mail."""

    def __init__(self, name: str, args: HealthArgs, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Health", name, context, parent)
        if plans.PLANS[self.settings.cloudflare_plan].has_health_checks:
            check = self._check(args.origin)
            self._tell("health_check_status_notification", {"health_check_ids": [check.id], "statuses": _BOTH})
        if self.settings.owns_account:
            for kind, filters in OF_THE_ACCOUNT.items():
                self._tell(kind, filters)
        self.register_outputs({})

    def _check(self, origin: pulumi.Input[str]) -> cloudflare.Healthcheck:
        return cloudflare.Healthcheck(
            "origin",
            zone_id=self.settings.cloudflare_zone_id,
            name=naming.physical(self.settings, "origin"),
            description="the service answers ready through an edge",
            address=origin,
            type="HTTPS",
            check_regions=["WEU"],  # one place is what the smallest paid plan has
            consecutive_fails=2,
            consecutive_successes=2,
            interval=60,
            retries=2,
            timeout=5,
            suspended=False,
            http_config={
                "allow_insecure": False,
                "expected_codes": ["200"],
                "follow_redirects": False,
                "header": {"Host": [self.settings.domain]},
                "method": "GET",
                "path": "/api/health/ready",
                "port": 443,
            },
            opts=self.child(cloudflare.Healthcheck, "origin"),
        )

    def _tell(self, kind: str, filters: cloudflare.NotificationPolicyFiltersArgsDict) -> None:
        name = kind.replace("_", "-")
        cloudflare.NotificationPolicy(
            name,
            account_id=self.settings.cloudflare_account_id,
            name=naming.physical(self.settings, name),
            description=f"Boka {self.settings.environment}",
            alert_type=kind,
            enabled=True,
            filters=filters or None,
            mechanisms={"emails": [{"id": self.settings.alert_email}]},
            opts=self.child(cloudflare.NotificationPolicy, name),
        )
