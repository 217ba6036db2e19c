"""Cloudflare's API over the doubles' cloud: what a double keeps, or a test put there, is what it answers.

Answers in the API's envelope and spelling, lists two to a page. Only what `boka adopt` asks; everything else is a 404.
"""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PAGE = 2
LISTS = {"dns_records": "DnsRecord", "rulesets": "Ruleset", "workers/routes": "WorkersRoute"}
MANAGED = {"id": "efb7b8c949ac4650a09736fc376e9aee", "kind": "managed", "phase": "http_request_firewall_managed"}


class ZoneApi(ThreadingHTTPServer):
    """Use as a context manager; `url` is for CLOUDFLARE_BASE_URL."""

    def __init__(self, cloud: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.cloud = cloud
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def put(self, class_: str, id_: str, /, **said: Any) -> None:
        """Make a thing by hand, spelt as the provider's SDK does."""
        path = self.cloud / class_ / f"{id_}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(said))

    def answer(self, path: str) -> Any:
        """The result of a GET, None where there is nothing."""
        if found := re.fullmatch(r"/zones/[0-9a-f]{32}/settings/(\w+)", path):
            return next((one for one in self._things("ZoneSetting") if one["setting_id"] == found[1]), None)
        if found := re.fullmatch(r"/zones/[0-9a-f]{32}/rulesets/([\w-]+)", path):
            return next((one for one in self._things("Ruleset") if one["id"] == found[1]), None)
        kind = LISTS.get(path.split("/", 3)[-1])
        if kind == "Ruleset":
            return [MANAGED, *({key: one[key] for key in ("id", "kind", "phase")} for one in self._things(kind))]
        return self._things(kind) if kind else None

    def _things(self, kind: str) -> list[dict[str, Any]]:
        files = sorted((self.cloud / kind).glob("*.json"))
        made = [{"id": unquote(path.stem), **_spelt(json.loads(path.read_text()))} for path in files]
        return [{**one, "id": one["setting_id"]} for one in made] if kind == "ZoneSetting" else made


def _spelt(value: Any) -> Any:
    if isinstance(value, dict):
        return {re.sub(r"([A-Z])", r"_\1", key).lower(): _spelt(part) for key, part in value.items()}
    return [_spelt(part) for part in value] if isinstance(value, list) else value


class _Handler(BaseHTTPRequestHandler):
    server: ZoneApi

    def do_GET(self):
        asked = urlsplit(self.path)
        result = self.server.answer(asked.path)
        content: dict[str, Any] = {"success": result is not None, "errors": [], "result": result}
        if result is None:
            content["errors"] = [{"code": 7003, "message": "no such thing"}]
        if isinstance(result, list):
            page = int(parse_qs(asked.query).get("page", ["1"])[0])
            content["result"] = result[(page - 1) * PAGE : page * PAGE]
            content["result_info"] = {"page": page, "per_page": PAGE, "total_pages": -(-len(result) // PAGE)}
        body = json.dumps(content).encode()
        self.send_response(200 if content["success"] else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""
