"""Ansible filter: what PostgreSQL stores for a password (SCRAM-SHA-256), so that no server ever sees the password."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable
from typing import Any

DOCUMENTATION = """
name: scram_verifier
short_description: Return PostgreSQL's SCRAM-SHA-256 verifier of a password
description:
  - The salt is derived from the password and the role, so the same pair gives the same verifier and a second run
    finds nothing to change. That is sound for our passwords only, which are 32 random bytes and not words.
options:
  _input: {description: The password., type: str, required: true}
  role: {description: The database role that it belongs to., type: str, required: true}
"""
EXAMPLES = """
verifier: "{{ lookup('secret', 'database/booking_app') | scram_verifier('booking_app') }}"
"""
RETURN = """
_value: {description: "C(SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey).", type: str}
"""

ITERATIONS = 4096  # PostgreSQL's default and RFC 7677's least: a random password gains nothing from more
SALT_BYTES = 16


def scram_verifier(password: str, role: str) -> str:
    """Return the text that `alter role ... password` takes as already encrypted. Source: RFC 5802, section 3."""
    secret = password.encode()
    salt = hmac.digest(secret, f"boka postgresql role {role}".encode(), "sha256")[:SALT_BYTES]
    salted = hashlib.pbkdf2_hmac("sha256", secret, salt, ITERATIONS)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${ITERATIONS}:{_text(salt)}${_text(stored_key)}:{_text(server_key)}"


def _text(value: bytes) -> str:
    return b64encode(value).decode()


class FilterModule:
    """Tells Ansible the filter's name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of this file by name."""
        return {"scram_verifier": scram_verifier}
