"""What exists in one stack: the Pulumi program that `pulumi up` and `boka up` both run."""

import gc
from collections.abc import Mapping

import pulumi

from infra import cloud_settings, fleet, settings

_NAMESPACE = "boka:"


def main() -> None:
    """Read the stack's settings, describe its fleet, make it real."""
    everything = pulumi.runtime.get_config_env()
    values = {key.removeprefix(_NAMESPACE): value for key, value in everything.items() if key.startswith(_NAMESPACE)}
    stack = pulumi.get_stack()
    make = _cloud if cloud_settings.is_cloud(stack) else _local
    for name, value in make(stack, values).items():
        pulumi.export(name, value)


def _local(stack: str, values: Mapping[str, str]) -> dict[str, object]:
    from infra.local.resources import LocalStack  # noqa: PLC0415 - each front end loads its own providers only

    chosen = settings.load(stack, values)
    wanted = fleet.describe(chosen)
    LocalStack(wanted, chosen)
    return {**_site(wanted), "virtual_address": str(wanted.virtual_address)}


def _cloud(stack: str, values: Mapping[str, str]) -> dict[str, object]:
    chosen = cloud_settings.load(stack, values)
    wanted = fleet.describe_cloud(chosen)  # refuses a size that does not exist before the SDK is even loaded

    gc.disable()  # the SDK's half a million objects stay to the end; to look at them again and again takes a second
    from infra.aws import base_outputs, layers  # noqa: PLC0415 - pulumi_aws takes a second; the local stack must not pay it

    if chosen.layer == "base":
        return layers.BaseLayer(layers.context_of(chosen)).outputs
    base = base_outputs.BaseOutputs(chosen)
    return {**_site(wanted), **layers.StackLayer(layers.context_of(chosen, base.checked), wanted, base).outputs}


def _site(wanted: fleet.Fleet) -> dict[str, object]:
    return {
        "site": f"https://{wanted.domain}",
        "hosts": {host.name: str(host.address) for host in wanted.hosts},
    }


main()
