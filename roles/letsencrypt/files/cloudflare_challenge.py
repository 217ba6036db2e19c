#!/usr/bin/env python3
"""Answer a challenge of the certificate authority in a zone at Cloudflare; lego calls it (its provider `exec`).

Debian's lego is built without Cloudflare. Arguments: present or cleanup, the record's name with its last dot, its
value. Environment: CLOUDFLARE_DNS_API_TOKEN_FILE, a token with DNS Write and Zone Read on the zone; CLOUDFLARE_BASE_URL
for another address than the public API's.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

API = "https://api.cloudflare.com/client/v4"
TIMEOUT_S = 20
TTL_S = 60  # the shortest that every plan has


class NotDoneError(Exception):
    """Cloudflare did not do it; the text says why."""


class Cloudflare:
    """The API, as one token may use it."""

    def __init__(self, token: str, url: str = API) -> None:
        self._token, self._url = token, url

    def zone_of(self, name: str) -> str:
        """Return the id of the zone that a name lies in. Raises: NotDoneError."""
        labels = name.rstrip(".").split(".")
        candidates = [".".join(labels[first:]) for first in range(len(labels) - 1)]
        for zone in candidates:
            found = self._ask("GET", f"/zones?{urlencode({'name': zone})}")
            if found:
                return str(found[0]["id"])
        raise NotDoneError(f"the token sees none of the zones {', '.join(candidates)}; it needs Zone Read on one")

    def present(self, name: str, value: str) -> None:
        """Make the record, unless it is there. Raises: NotDoneError."""
        zone = self.zone_of(name)
        if not self._records(zone, name, value):
            record = {"type": "TXT", "name": name.rstrip("."), "content": f'"{value}"', "ttl": TTL_S}
            self._ask("POST", f"/zones/{zone}/dns_records", record)

    def cleanup(self, name: str, value: str) -> None:
        """Remove the record; already gone is success. Raises: NotDoneError."""
        zone = self.zone_of(name)
        for record in self._records(zone, name, value):
            self._ask("DELETE", f"/zones/{zone}/dns_records/{record['id']}")

    def _records(self, zone: str, name: str, value: str) -> list[dict[str, Any]]:
        query = urlencode({"type": "TXT", "name": name.rstrip("."), "per_page": 100})
        found = self._ask("GET", f"/zones/{zone}/dns_records?{query}")
        return [record for record in found if record["content"].strip('"') == value]

    def _ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - as JSON has it
        content = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        asked = urllib.request.Request(f"{self._url}{path}", content, headers, method=method)  # noqa: S310 - the scheme is a setting
        try:
            with urllib.request.urlopen(asked, timeout=TIMEOUT_S) as answer:  # noqa: S310 - as above
                return json.load(answer)["result"]
        except urllib.error.HTTPError as err:
            raise NotDoneError(f"{method} {path}: {err.code} {err.read(500).decode(errors='replace')}") from err
        except (OSError, ValueError) as err:
            raise NotDoneError(f"{method} {path}: {err}") from err


def main(action: str, name: str, value: str) -> int:
    """Do it; return the exit code."""
    token = Path(os.environ["CLOUDFLARE_DNS_API_TOKEN_FILE"]).read_text(encoding="utf-8").strip()
    cloudflare = Cloudflare(token, os.environ.get("CLOUDFLARE_BASE_URL", API))
    try:
        {"present": cloudflare.present, "cleanup": cloudflare.cleanup}[action](name, value)
    except NotDoneError as err:
        sys.stderr.write(f"{action} {name} at Cloudflare: {err}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
