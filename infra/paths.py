"""Where a stack's state, the caches and the locks lie. One place, so that any clone finds what runs."""

import os
from pathlib import Path


def home() -> Path:
    """State of all stacks (`$BOKA_HOME`, default /var/lib/boka)."""
    return Path(os.environ.get("BOKA_HOME", "/var/lib/boka"))


def stack_dir(stack: str) -> Path:
    """State of one stack, owner-only."""
    return home() / stack


def cache() -> Path:
    """Images, packages, tools and artefacts that outlive stacks (`$BOKA_CACHE`, default /var/cache/boka)."""
    return Path(os.environ.get("BOKA_CACHE", "/var/cache/boka"))


def run_dir() -> Path:
    """Locks and leases; empty after a restart of the machine."""
    return Path("/run/boka")


def stack_file(stack: str) -> Path:
    """The hand-over from infrastructure to configuration."""
    return stack_dir(stack) / "stack.json"


def known_hosts(stack: str) -> Path:
    """SSH host keys of the stack's hosts, from provisioning."""
    return stack_dir(stack) / "known_hosts"


def ssh_key(stack: str) -> Path:
    """The key that opens the `ops` account on the hosts of a local stack."""
    return stack_dir(stack) / "ssh" / "id_ed25519"


def operator_key() -> Path:
    """The operator's own key, which opens the `ops` account of staging and production (`$BOKA_SSH_KEY`).

    The public half will do where an agent or a hardware token has the private one.
    """
    return Path(os.environ.get("BOKA_SSH_KEY") or Path.home() / ".ssh" / "id_ed25519")
