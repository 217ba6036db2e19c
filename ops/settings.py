"""The settings file of a throwaway stack: written on its first `boka up`, in its state, away from the checkout."""

from ipaddress import IPv4Network

from infra import paths
from infra.files import write_atomically
from ops import locks
from ops.errors import UsageError
from ops.stacks import Stack


def ensure(stack: Stack, profile: str | None) -> None:
    """Write the settings of a throwaway stack if it has none.

    Raises:
        UsageError: a profile was asked for, and the settings are there already with another one.
    """
    if stack.is_throwaway and not stack.settings.exists():
        _write_first(stack, profile or "small")
        return
    present = read(stack).get("boka:profile", "full")
    if profile and profile != present:
        msg = f"{stack.settings} says boka:profile: {present}, not {profile}. Change it there, then run boka up again."
        raise UsageError(msg)


def read(stack: Stack) -> dict[str, str]:
    """Return the settings that the file sets; empty when there is none."""
    if not stack.settings.exists():
        return {}
    import yaml  # noqa: PLC0415  # every verb loads this module, few need it

    content: dict[str, dict[str, str] | None] = yaml.safe_load(stack.settings.read_text(encoding="utf-8")) or {}
    return content.get("config") or {}


def _write_first(stack: Stack, profile: str) -> None:
    import yaml  # noqa: PLC0415  # as above

    from infra.local.network import free_subnet  # noqa: PLC0415  # only a new throwaway stack needs it

    with locks.held("subnets", "up"):  # two new stacks at once get two subnets: what is written here is promised
        subnet = free_subnet(promised=_promised())
        content = {"config": {"boka:profile": profile, "boka:subnet": str(subnet)}}
        write_atomically(stack.settings, yaml.safe_dump(content).encode())


def _promised() -> list[IPv4Network]:
    found = [read(Stack(path.parent.name)) for path in paths.home().glob("t*/Pulumi.t*.yaml")]
    return [IPv4Network(values["boka:subnet"]) for values in found if "boka:subnet" in values]
