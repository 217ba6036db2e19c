"""Ansible module: asks a site at one given address, by its name and through TLS, as a user's browser would."""

import http.client
import json
import socket
import ssl
import time
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: site_probe
short_description: Ask a site at a given address
description:
  - Connects to O(address), asks for the name in O(url), checks the certificate's chain and name, and reads the page.
  - Needs no name resolution, so each address behind one name can be asked by itself.
options:
  url: {description: What to ask for; https only., type: str, required: true}
  address: {description: Address to connect to., type: str, required: true}
  authority: {description: The authority in PEM; the system's own ones if empty., type: str, default: ''}
  timeout_s: {description: Seconds to wait for each step., type: int, default: 10}
attributes:
  check_mode: {support: full}
"""
EXAMPLES = """
- name: Ask an edge
  site_probe:
    url: https://boka.test/api/health/ready
    address: 198.18.0.11
"""
RETURN = """
status: {description: The status; 0 if there was no answer., type: int, returned: always}
json: {description: The parsed page, if it is JSON., type: dict, returned: when it is JSON}
tls: {description: Version of TLS., type: str, returned: when answered}
days_left: {description: Days until the certificate expires., type: float, returned: when answered}
why: {description: What went wrong., type: str, returned: when not answered}
"""

ARGUMENTS: dict[str, Any] = {
    "url": {"type": "str", "required": True},
    "address": {"type": "str", "required": True},
    "authority": {"type": "str", "default": ""},
    "timeout_s": {"type": "int", "default": 10},
}
SECONDS_A_DAY = 86_400
_AnsibleModule: Any = AnsibleModule  # its methods carry no types


class AddressConnection(http.client.HTTPSConnection):
    """HTTPS to a name at an address that the caller knows."""

    def __init__(self, url: SplitResult, address: str, context: ssl.SSLContext, timeout_s: int) -> None:
        super().__init__(url.hostname or "", url.port or 443, timeout=timeout_s, context=context)
        self._address, self._tls = address, context

    def connect(self) -> None:
        """Connect to the address and prove the name."""
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def probe(url: str, address: str, authority: str, timeout_s: int) -> dict[str, Any]:
    """Return what the site answered at this address. Raises: OSError, http.client.HTTPException."""
    parts = urlsplit(url)
    context = ssl.create_default_context(cadata=authority or None)
    connection = AddressConnection(parts, address, context, timeout_s)
    try:
        connection.request("GET", parts.path or "/")
        secured: Any = connection.sock
        version, expires = secured.version(), ssl.cert_time_to_seconds(secured.getpeercert()["notAfter"])
        answer = connection.getresponse()
        seen = {"status": answer.status, "tls": version, "days_left": (expires - time.time()) / SECONDS_A_DAY}
        return seen | _parsed(answer.read())
    finally:
        connection.close()


def main() -> None:
    """Run the module."""
    module = _AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        module.exit_json(changed=False, **probe(**module.params))
    except (OSError, http.client.HTTPException) as err:
        module.exit_json(changed=False, status=0, days_left=0, why=f"{type(err).__name__}: {err}")


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        return {"json": json.loads(body)}
    except ValueError:
        return {}


if __name__ == "__main__":
    main()
