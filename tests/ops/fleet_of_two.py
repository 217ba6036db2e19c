"""A stack file with few hosts, as infra writes it, for tests of what reads it."""

from infra import fleet, handover, settings
from infra.handover import StackFile
from infra.local import stackfile

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBxD7uYpAcF1noqYE/MrJluwP2zJ4+kzsBtej8xYK9En"


def write(stack: str) -> StackFile:
    """Write the stack file of the small profile."""
    described = fleet.describe(settings.load(stack, {"profile": "small", "subnet": "198.18.7.0/24"}))
    made = handover.build(described, {host.name: KEY for host in described.hosts})
    stackfile.write(stack, made.text())
    return made
