"""Hosts for tests of single roles: `python -m infra.local.lab up STACK GROUP...`, without Pulumi.

The same host library and the same stack file as a whole stack, so a role cannot tell the difference.
"""

import argparse
import dataclasses
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from infra import fleet, handover, paths, settings
from infra.local import plan, ssh_key, stackfile
from infra.local.claims import prune
from infra.local.host import Hosts, HostSpec
from infra.local.image import Images
from infra.local.network import Networks, free_subnet
from infra.local.packages import PackageCache
from infra.local.providers import spec_from
from infra.local.sweep import sweep
from infra.local.volume import Volumes


def up(stack: str, groups: list[str], *, bare: bool, count: int) -> None:
    """Boot `count` hosts of each group, of a group named twice twice as many, and write their stack file.

    A bare host has the base image only.
    """
    made = _trimmed(stack, groups, count)
    PackageCache().ensure(stack)
    Networks().ensure(plan.network(made))
    key = ssh_key.ensure(stack)
    for image in {image for host in made.hosts for image in plan.images(host, bare=bare)}:
        Images().ensure(image)
    for volume in made.volumes:
        Volumes().ensure(plan.volume(made, volume))
    wanted_hosts = [{**plan.host_properties(made, host, bare=bare), "authorized_key": key} for host in made.hosts]
    specs_of_hosts = [spec_from(HostSpec, properties) for properties in wanted_hosts]
    with ThreadPoolExecutor(4) as pool:
        states = list(pool.map(Hosts().ensure, specs_of_hosts))
    keys = {state.spec.name: state.host_key for state in states}
    stackfile.write(stack, handover.build(made, keys).text())


def down(stack: str) -> None:
    """Remove everything `up` made."""
    sweep(stack)
    handover.remove(stack)
    ssh_key.remove(stack)
    prune(paths.stack_dir(stack))


def _trimmed(stack: str, groups: list[str], count: int) -> fleet.Fleet:
    known = paths.stack_file(stack)
    subnet = handover.read(stack).network.cidr if known.exists() else str(free_subnet())
    whole = fleet.describe(settings.load(stack, {"subnet": subnet}))
    hosts = tuple(host for group in fleet.GROUPS for host in whole.in_group(group)[: count * groups.count(group)])
    names = {host.name for host in hosts}
    volumes = tuple(volume for volume in whole.volumes if volume.host in names)
    return dataclasses.replace(whole, hosts=hosts, volumes=volumes)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.lab", description=__doc__)
    parser.add_argument("verb", choices=["up", "down"])
    parser.add_argument("stack", help="t + 4 hex digits")
    parser.add_argument(
        "groups", nargs="*", choices=[*fleet.GROUPS, []], help="groups to boot one host of; twice for two"
    )
    parser.add_argument("--count", type=int, default=1, help="hosts a group")
    parser.add_argument("--bare", action="store_true", help="no baked packages: roles install them")
    chosen = parser.parse_args()
    started = time.monotonic()
    if chosen.verb == "up":
        up(chosen.stack, chosen.groups, bare=chosen.bare, count=chosen.count)
    else:
        down(chosen.stack)
    print(f"{chosen.verb} {chosen.stack}: {time.monotonic() - started:.1f} s", file=sys.stderr)  # noqa: T201 - a command's own report
    return 0


if __name__ == "__main__":
    sys.exit(main())
