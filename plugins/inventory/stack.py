"""Inventory plugin `stack`: the hosts of one stack, read from its stack file and from nothing else."""

from __future__ import annotations

import os
import shlex

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable
from ansible.template import trust_as_template

from infra import connection as ssh
from infra import handover
from infra.fleet import GROUPS
from infra.freshness import refuse_stale

DOCUMENTATION = r"""
name: stack
short_description: Hosts of a Boka stack
description:
  - Reads the stack file that the stack's last C(pulumi up) wrote.
  - Refuses a missing, empty, malformed, foreign or stale one.
options:
  plugin:
    description: Must be V(stack).
    required: true
    choices: [stack]
  stack:
    description: Name of the stack.
    type: str
    env: [{name: BOKA_STACK}]
    default: local
extends_documentation_fragment: [constructed]
"""


ENVIRONMENTS = ("local", "cloud", "staging", "production")


class InventoryModule(BaseInventoryPlugin, Constructable):
    """Hosts, groups and platform facts of one stack."""

    NAME = "stack"

    def verify_file(self, path: str) -> bool:
        """Accept only files that end in `.boka.yml`."""
        return super().verify_file(path) and path.endswith(".boka.yml")

    def parse(self, inventory, loader, path, cache=True):  # noqa: ANN001, ANN201, FBT002 - Ansible's signature
        """Fill the inventory. Raises: AnsibleParserError with what is wrong and the command that mends it."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        # The environment wins over the file, so that one inventory serves the local and every test stack.
        stack = os.environ.get("BOKA_STACK") or self.get_option("stack")
        try:
            found = handover.read(stack)
            refuse_stale(found)
        except handover.StackFileError as err:
            raise AnsibleParserError(str(err)) from err
        for group in (*GROUPS, *ENVIRONMENTS):
            inventory.add_group(group)
        # What a cloud is wired like wins over the wiring of a group of hosts; what one environment is, over both.
        inventory.set_variable("cloud", "ansible_group_priority", 10)
        for environment in ("staging", "production"):
            inventory.add_child("cloud", environment)
        for name, value in platform_facts(found).items():
            inventory.set_variable("all", name, value)
        for name, host in found.hosts.items():
            self._add_host(found, name, host)

    def _add_host(self, found: handover.StackFile, name: str, host: handover.HostPart) -> None:
        self.inventory.add_host(name)
        for group in (*host.groups, found.environment):
            self.inventory.add_child(group, name)
        for key, value in connection(found, name).items():
            # Authored here from validated addresses and names, so it is trusted: readers of `ansible-inventory --list`
            # (testinfra among them) get plain strings. Everything else in the stack file stays plain data.
            self.inventory.set_variable(name, key, trust_as_template(value) if isinstance(value, str) else value)
        facts = self.inventory.get_host(name).get_vars()
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), facts, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), facts, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), facts, name, strict=strict)


def connection(found: handover.StackFile, name: str) -> dict[str, object]:
    """How Ansible reaches a host: literals only, and the host key that provisioning made."""
    return {
        "ansible_host": ssh.address(found, name),
        "ansible_port": 22,
        "ansible_user": ssh.USER,
        "ansible_ssh_private_key_file": str(ssh.key(found)),
        "ansible_ssh_common_args": shlex.join(ssh.options(found, name)),
        "ansible_python_interpreter": "/usr/bin/python3",
    }


def platform_facts(found: handover.StackFile) -> dict[str, object]:
    """What every host may know about the stack, as plain values."""
    plain = found.model_dump(mode="json")
    return {
        "boka_stack": found.stack,
        "boka_environment": found.environment,
        "boka_profile": found.profile,
        "boka_domain": found.domain,
        "boka_region": found.region,
        "boka_contact": found.contact,
        "boka_operator_keys": list(found.operator_keys),
        "boka_names": plain["names"],
        "boka_network_cidr": found.network.cidr,
        "boka_control_address": found.network.control_address,
        "boka_virtual_address": found.network.virtual_address,
        "boka_package_mirror": found.network.package_mirror,
        "boka_hosts": plain["hosts"],
        "boka_ports": plain["ports"],
        "boka_flows": [
            {"name": f.name, "from": list(f.sources), "to": f.target, "port": f.port, "protocol": f.protocol}
            for f in found.flows
        ],
        "boka_endpoints": plain["endpoints"],
        "boka_buckets": plain["buckets"],
        "boka_origin_authority": found.origin_authority,
    }
