"""The settings file of a stack. A throwaway stack's is written on its first `boka up`, in its state."""

import json
from datetime import date
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from infra import paths
from infra.files import write_atomically
from ops import locks
from ops.errors import UsageError
from ops.stacks import Stack

if TYPE_CHECKING:
    from infra.cloud_settings import CloudSettings
    from infra.settings import Explained

_NAMESPACE = "boka:"


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
    return document(stack).get("config") or {}


def document(stack: Stack) -> dict[str, Any]:
    """Return the whole settings file, Pulumi's own keys beside `config`; empty when there is none."""
    if not stack.settings.exists():
        return {}
    import yaml  # noqa: PLC0415  # every verb loads this module, few need it

    return yaml.safe_load(stack.settings.read_text(encoding="utf-8")) or {}


def chosen(stack: Stack) -> dict[str, Any]:
    """Return what the file sets of our own settings, by their keys without the namespace."""
    return _ours(document(stack))


def _ours(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document.get("config") or {}
    return {key.removeprefix(_NAMESPACE): _plain(value) for key, value in found.items() if key.startswith(_NAMESPACE)}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value  # only YAML takes a day for more than text


def explain(stack: Stack) -> "list[Explained]":
    """Return every setting that this kind of stack has."""
    from infra import cloud_settings, settings  # noqa: PLC0415  # loads pydantic

    return settings.explain() if stack.is_local else cloud_settings.explain()


def cloud(stack: Stack) -> "CloudSettings":
    """Return the settings of a cloud stack, held to the same checks as the program's.

    Raises:
        SettingsError: names the file, the key, the value seen, what is allowed and the next step.
    """
    return cloud_from(stack.name, document(stack))


def cloud_from(name: str, document: dict[str, Any]) -> "CloudSettings":
    """Return the settings of a cloud stack from a settings file that was read; else as `cloud`."""
    from infra import cloud_settings  # noqa: PLC0415  # loads pydantic

    # Pulumi hands a program everything as text; what only YAML would read otherwise must not pass here.
    values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in _ours(document).items()}
    return cloud_settings.load(name, values)


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
