"""What exists in one stack: the Pulumi program that `pulumi up` and `boka up` both run."""

import pulumi

from infra import fleet, settings
from infra.local.resources import LocalStack

_NAMESPACE = "boka:"


def main() -> None:
    """Read the stack's settings, describe its fleet, make it real."""
    everything = pulumi.runtime.get_config_env()
    values = {key.removeprefix(_NAMESPACE): value for key, value in everything.items() if key.startswith(_NAMESPACE)}
    chosen = settings.load(pulumi.get_stack(), values)
    wanted = fleet.describe(chosen)
    if wanted.environment != "local":
        raise settings.SettingsError(
            f"stack {wanted.stack}: the cloud providers are not part of this release; use local."
        )
    LocalStack(wanted, chosen)
    pulumi.export("site", f"https://{wanted.domain}")
    pulumi.export("virtual_address", str(wanted.virtual_address))
    pulumi.export("hosts", {host.name: str(host.address) for host in wanted.hosts})


main()
