"""A stand-in of Cloudflare's API for one zone: it takes the challenge's records and has the stack's world answer them.

Only what the issuer asks: the zone by its name, its challenges, one made, one removed. Paths and envelope are API v4's.
"""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

ZONE_ID = "fedcba9876543210fedcba9876543210"


class CloudflareZone(ThreadingHTTPServer):
    """`publish` gets every TXT value that stands at the challenge's name, whenever that changes."""

    def __init__(self, address: str, domain: str, token: str, publish: Callable[[list[str]], None]) -> None:
        super().__init__((address, 0), _Handler)
        self.url = f"http://{address}:{self.server_port}/client/v4"
        self.domain, self.token, self.publish = domain, token, publish
        self.records: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []
        self.turn = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: CloudflareZone

    def do_GET(self):
        asked = urlsplit(self.path)
        if asked.path.endswith("/dns_records"):
            self._answer([{"id": one, "content": f'"{value}"'} for one, value in self.server.records.items()])
        else:
            found = parse_qs(asked.query).get("name") == [self.server.domain]
            self._answer([{"id": ZONE_ID, "name": self.server.domain}] if found else [])

    def do_POST(self):
        record = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert record["type"] == "TXT", record
        assert record["name"].rstrip(".") == f"_acme-challenge.{self.server.domain}", record
        with self.server.turn:
            id_ = f"{len(self.server.asked):032x}"
            self.server.records[id_] = record["content"].strip('"')
            self.server.publish(list(self.server.records.values()))
        self._answer({**record, "id": id_})

    def do_DELETE(self):
        id_ = self.path.rpartition("/")[2]
        with self.server.turn:
            self.server.records.pop(id_, None)
            self.server.publish(list(self.server.records.values()))
        self._answer({"id": id_})

    def _answer(self, result: object) -> None:
        self.server.asked.append((self.command, urlsplit(self.path).path))
        allowed = self.headers.get("Authorization") == f"Bearer {self.server.token}"
        body = {
            "success": allowed, "errors": [] if allowed else [{"code": 10000, "message": "Authentication error"}],
            "messages": [], "result": result if allowed else None,
            "result_info": {"page": 1, "per_page": 50, "total_pages": 1, "count": 1, "total_count": 1},
        }  # fmt: skip
        content = json.dumps(body).encode()
        self.send_response(200 if allowed else 403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""
