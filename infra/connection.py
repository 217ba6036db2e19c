"""How a host is reached by SSH: at which address, whose key opens it, by which key it is known, and through whom.

Pure: a stack file in, words of ssh's command line out. Where the stack file names a bastion, that is the first ops host
at its public address; every other host is behind it.
"""

import shlex
from ipaddress import IPv4Address
from pathlib import Path

from infra import paths
from infra.handover import StackFile, alias

USER = "ops"


def address(found: StackFile, name: str) -> str:
    """Return where ssh connects to for a host: its own address, or the public one of the bastion."""
    return _bastion_address(found) if name == _bastion(found) else found.hosts[name].address


def key(found: StackFile) -> Path:
    """Return the file of the key: the stack's own on this machine, the operator's own elsewhere."""
    return paths.ssh_key(found.stack) if found.environment == "local" else paths.operator_key()


def options(found: StackFile, name: str) -> list[str]:
    """Return ssh's options for a host: no key but ours, no host but the one that provisioning made."""
    through = _bastion(found)
    if not through or name == through:
        return _strict(found, name)
    # ProxyJump would take its options from the user's own files; the bastion's key is checked as strictly.
    jump = ["ssh", "-F", "none", "-W", "[%h]:%p", "-i", str(key(found)), *_strict(found, through)]
    command = " ".join([*(shlex.quote(word) for word in jump), f"{USER}@{address(found, through)}"])
    return [*_strict(found, name), "-o", f"ProxyCommand={command}"]


def _strict(found: StackFile, name: str) -> list[str]:
    facts = {
        "UserKnownHostsFile": paths.known_hosts(found.stack),
        "GlobalKnownHostsFile": "/dev/null",
        "HostKeyAlias": alias(found.stack, name),
        "StrictHostKeyChecking": "yes",
        "HashKnownHosts": "no",
        "IdentitiesOnly": "yes",
        "PreferredAuthentications": "publickey",
        # Not only for hosts that die: a bastion whose firewall is loaded for the first time drops what comes back on
        # connections that it has not tracked, and takes them up again with the next packet from here.
        "ServerAliveInterval": "5",
        "ServerAliveCountMax": "12",
    }
    return [word for option, value in facts.items() for word in ("-o", f"{option}={value}")]


def _bastion(found: StackFile) -> str:
    behind = (name for name, host in found.hosts.items() if "ops" in host.groups)
    return next(behind, "") if _bastion_address(found) else ""


def _bastion_address(found: StackFile) -> str:
    named = found.endpoints.get("bastion", "")
    return str(IPv4Address(named)) if named else ""  # it reaches ssh's command line
