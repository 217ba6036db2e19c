"""From the fleet's description to what the host library makes of it. Pure but for reading the roles' package lists."""

from pathlib import Path

import yaml

from infra.fleet import COMMON_ROLES, ROLES, Fleet, Host, Volume
from infra.local.image import ImageSpec
from infra.local.network import NetworkSpec
from infra.local.volume import VolumeSpec

_ROLES_DIR = Path(__file__).resolve().parents[2] / "roles"


def role_packages(role: str) -> tuple[str, ...]:
    """Return the Debian packages a role declares in `vars/main.yml` as `__<role>_packages`."""
    declared = _ROLES_DIR / role / "vars" / "main.yml"
    if not declared.exists():
        return ()
    values: dict[str, list[str]] = yaml.safe_load(declared.read_text()) or {}
    return tuple(values.get(f"__{role}_packages", ()))


def images(host: Host, *, bare: bool = False) -> tuple[ImageSpec, ...]:
    """Return the images of a host, topmost first: the packages of its groups' roles over the base."""
    base = ImageSpec("base")
    if bare:
        return (base,)
    roles = [*COMMON_ROLES, *(role for group in host.groups for role in ROLES[group])]
    wanted = tuple(sorted({package for role in roles for package in role_packages(role)}))
    return (ImageSpec("-".join(host.groups), wanted), base) if wanted else (base,)


def network(fleet: Fleet) -> NetworkSpec:
    """Return the stack's network."""
    return NetworkSpec(fleet.stack, str(fleet.network), str(fleet.control_address))


def volume(fleet: Fleet, wanted: Volume) -> VolumeSpec:
    """Return one volume."""
    return VolumeSpec(fleet.stack, wanted.name, wanted.size_mib)


def host_properties(fleet: Fleet, wanted: Host, *, bare: bool = False) -> dict[str, object]:
    """Return everything about a host that is known before anything is made."""
    world = fleet.in_group("world")
    return {
        "stack": fleet.stack,
        "name": wanted.name,
        "address": str(wanted.address),
        "prefix_length": fleet.network.prefixlen,
        "control_address": str(fleet.control_address),
        "images": [image.key for image in images(wanted, bare=bare)],
        "memory_mib": wanted.memory_mib,
        "cpus": wanted.cpus,
        "volumes": {one.name: one.mount_path for one in fleet.volumes if one.host == wanted.name},
        "nameserver": str(world[0].address) if world else "",
    }
