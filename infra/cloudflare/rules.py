"""The rulesets of the zone, one a phase. What is in them is decided in `infra/cloudflare/rule_table.py`."""

import pulumi
import pulumi_cloudflare as cloudflare

from infra.aws.component import Component, Context
from infra.cloudflare import rule_table


class Rules(Component):
    """Each owns all rules of its phase: a rule made by hand beside them is removed."""

    def __init__(self, name: str, *, context: Context, parent: pulumi.Resource) -> None:
        super().__init__("Rules", name, context, parent)
        for phase, rules in rule_table.rules(self.settings).items():
            cloudflare.Ruleset(
                phase,
                zone_id=self.settings.cloudflare_zone_id,
                name=f"boka {self.settings.environment}: {phase}",
                description="made by Pulumi; changes by hand are undone",
                kind="zone",
                phase=rule_table.PHASES[phase],
                rules=rules,
                opts=self.child(cloudflare.Ruleset, phase),
            )
        self.register_outputs({})
