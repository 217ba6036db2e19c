"""What the base layer left for the other one, read from its state and refused when it is another environment's."""

from collections.abc import Mapping
from typing import Any

import pulumi

from infra import address_plan
from infra.cloud_settings import CloudSettings
from infra.settings import SettingsError

KEYS = ("volumes", "backups", "artefacts")
_NEEDED = ("vpc_id", "subnet_ids", "s3_prefix_list_id", "key_arns", "topic_arn", "origin_authority")


def marker(settings: CloudSettings) -> dict[str, str]:
    """What tells one environment's base from another's."""
    return {
        "environment": settings.environment,
        "account_id": settings.account_id,
        "region": settings.region,
        "network": str(settings.network),
        "zones": ",".join(settings.zones),
        "domain": settings.domain,
        "cloudflare_zone_id": settings.cloudflare_zone_id,
    }


def refuse_foreign(settings: CloudSettings, outputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return `outputs` if they are of this environment's base.

    Raises:
        SettingsError: the base is not raised, or was raised with another account, region, network, zones, domain or
            Cloudflare zone.
    """
    base, where = f"{settings.environment}-base", f"Pulumi.{settings.environment}.yaml"
    missing = [name for name in ("marker", *_NEEDED) if name not in outputs]
    if missing:
        raise SettingsError(
            f"stack {base} has no output {missing[0]}. Raise it first: boka up --stack {settings.environment}"
        )
    wanted, seen = marker(settings), outputs["marker"]
    for key, value in wanted.items():
        if seen.get(key) != value:
            raise SettingsError(
                f"{where}: {key} is {value}; stack {base} was raised with {seen.get(key)}. Set it back, or raise "
                f"another stack: nothing was changed."
            )
    return outputs


class BaseOutputs:
    """Typed. Each value waits for the check, and so do the providers, by `checked`: before it nothing is registered."""

    def __init__(self, settings: CloudSettings) -> None:
        reference = pulumi.StackReference(f"organization/{pulumi.get_project()}/{settings.environment}-base")
        self._found = reference.outputs.apply(lambda outputs: refuse_foreign(settings, outputs))
        self.checked = self._found.apply(lambda _: True)
        self.vpc_id = self._one("vpc_id")
        self.s3_prefix_list_id = self._one("s3_prefix_list_id")
        self.topic_arn = self._one("topic_arn")
        self.origin_authority = self._one("origin_authority")
        self.key_arns = {key: self._part("key_arns", key) for key in KEYS}
        subnets = address_plan.subnets(settings.network, settings.zones)
        self.subnet_ids = {f"{tier}/{zone}": self._part("subnet_ids", f"{tier}/{zone}") for tier, zone in subnets}
        self.endpoint_group_id = self._one("endpoint_group_id") if settings.egress == "endpoints" else None

    def _one(self, name: str) -> pulumi.Output[str]:
        return self._found.apply(lambda found: found[name])

    def _part(self, name: str, key: str) -> pulumi.Output[str]:
        return self._found.apply(lambda found: found[name][key])
