"""What bots may do in the zone, by its plan. Where they may do all is in `infra/cloudflare/rule_table.py`."""

import pulumi
import pulumi_cloudflare as cloudflare

from infra.aws.component import Component, Context
from infra.cloudflare import plans
from infra.cloudflare.plans import Plan

# A person who is taken for a bot gets in by a challenge; a block would turn them away.
_DOUBT = "managed_challenge"


def settings(plan: Plan, zone_id: str) -> cloudflare.BotManagementArgs:
    """Return every setting that the plan has; one that it lacks is refused.

    Source: https://developers.cloudflare.com/api/resources/bot_management (one model a plan).
    """
    sorts, likely = plan.sorts_bots, plan.sees_likely_bots
    return cloudflare.BotManagementArgs(
        zone_id=zone_id,
        ai_bots_protection="block",
        cf_robots_variant="off",
        crawler_protection="disabled",  # it leads crawlers through made-up pages
        enable_js=False,  # its script is one that the content security policy refuses
        is_robots_txt_managed=False,
        # Bot Fight Mode has no exception, and would challenge what payment providers send to the API.
        fight_mode=None if sorts else False,
        optimize_wordpress=False if sorts else None,
        sbfm_definitely_automated=_DOUBT if sorts else None,
        sbfm_likely_automated=_DOUBT if likely else None,
        sbfm_static_resource_protection=False if sorts else None,  # pages of others show our images
        sbfm_verified_bots="allow" if sorts else None,  # search engines
    )


class Bots(Component):
    """One resource: Cloudflare has these settings once a zone."""

    def __init__(self, name: str, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Bots", name, context, parent)
        plan = plans.PLANS[self.settings.cloudflare_plan]
        chosen = settings(plan, self.settings.cloudflare_zone_id)
        cloudflare.BotManagement("bots", chosen, self.child(cloudflare.BotManagement, "bots"))
        self.register_outputs({})
