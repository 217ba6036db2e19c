"""Ansible callback: the stack's secrets are read once, before Ansible forks a process for each task and host.

The lookup `secret` finds them there. Without this plugin it reads them again in each of those processes, which costs
half a second where they lie in a cloud. A run never fails because of it: the lookup says what is wrong.
"""

import os
from contextlib import suppress
from typing import Any

from ansible.plugins.callback import CallbackBase

from ops.errors import BokaError
from ops.secrets.store import opened

DOCUMENTATION = """
name: secrets
type: aggregate
short_description: Read the stack's secrets once
description:
  - Opens the store of the stack that the environment variable BOKA_STACK names, for the lookup V(secret).
"""


class CallbackModule(CallbackBase):
    """Opens the store when a playbook starts."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "secrets"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_start(self, playbook: Any) -> None:  # noqa: ANN401, ARG002  # Ansible's call, Ansible's object
        """Read what the stack has."""
        name = os.environ.get("BOKA_STACK")
        if name:
            with suppress(BokaError):
                opened(name).names()
