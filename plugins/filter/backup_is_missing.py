"""Ansible filter: does a repository lack a usable backup?"""

from collections.abc import Callable
from typing import Any

DOCUMENTATION = """
name: backup_is_missing
short_description: Tell whether a pgBackRest repository has no usable backup
description:
  - Reads what C(pgbackrest --output=json info) printed for one stanza.
options:
  _input: {description: The parsed answer., type: list, required: true}
  repositories: {description: Numbers of the repositories that must each have a backup., type: list, required: true}
"""
EXAMPLES = """
when: __backup_info.stdout | from_json | backup_is_missing([1, 2])
"""
RETURN = """
_value: {description: Whether one of them has none., type: bool}
"""


def backup_is_missing(stanzas: list[dict[str, Any]], repositories: list[int]) -> bool:
    """Return whether any of `repositories` has no backup without errors."""
    backups = [backup for stanza in stanzas for backup in stanza.get("backup", [])]
    covered = {backup["database"]["repo-key"] for backup in backups if not backup.get("error")}
    return not set(repositories) <= covered


class FilterModule:
    """Tells Ansible the filter's name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"backup_is_missing": backup_is_missing}
