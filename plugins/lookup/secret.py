"""Ansible lookup: one secret of the stack, from where its settings say that they lie."""

import os
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ops.errors import BokaError
from ops.secrets.store import opened

DOCUMENTATION = """
name: secret
short_description: Read secrets of the stack
description:
  - Returns secrets of the stack by name, from where its settings say that they lie.
  - The stack is the one in the variable C(boka_stack), else in the environment variable BOKA_STACK.
options:
  _terms:
    description: Names such as V(database/valkey). The catalog is in C(ops/secrets/catalog.py).
    required: true
    type: list
    elements: str
"""
EXAMPLES = """
- name: configure | Write the password
  ansible.builtin.copy:
    content: "{{ lookup('secret', 'database/valkey') }}"
    dest: /etc/credstore.boka/valkey
    mode: "0600"
  no_log: true
"""
RETURN = """
_raw:
  description: One text for each name.
  type: list
  elements: str
"""


class LookupModule(LookupBase):
    """Reads secrets by name."""

    def run(  # pyright: ignore[reportIncompatibleMethodOverride]  # the base returns nothing, untyped
        self, terms: list[str], variables: dict[str, Any] | None = None, **_options: object
    ) -> list[str]:
        """Return one secret for each name."""
        name = (variables or {}).get("boka_stack") or os.environ.get("BOKA_STACK")
        if not name:
            msg = "no stack named: neither the variable boka_stack nor the environment variable BOKA_STACK is set."
            raise AnsibleLookupError(msg)
        try:
            return [opened(str(name)).get(term) for term in terms]
        except BokaError as err:
            raise AnsibleLookupError(str(err)) from err
