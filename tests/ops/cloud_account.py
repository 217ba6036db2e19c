"""An AWS account (moto's) and a Cloudflare one (a stand-in over HTTP) for what `boka` itself asks of them."""

import json
import os
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import botocore.session

from infra.cloudflare.permissions import GROUPS
from ops.secrets import age

# Before moto is loaded: it would read some hundred images a test, seconds of it.
os.environ["MOTO_AMIS_PATH"] = str(Path(__file__).with_name("images.json"))
# Every session of boto3 would read EC2's whole model anew.
botocore.session.create_loader = cache(botocore.session.create_loader)

ACCOUNT, REGION = "123456789012", "eu-central-1"  # moto's own
# One of those that moto's region has, and the committed settings' example.
IMAGE, UNKNOWN_IMAGE = "ami-02f83c3693985453f", "ami-0123456789abcdef0"
BUCKET, ALIAS = f"boka-production-state-{ACCOUNT}", "alias/boka-production-state"
ZONE = {"name": "boka.example", "status": "active", "account": {"id": "0123456789abcdef0123456789abcdef"}}


def settle(folder: Path, monkeypatch, environment="production") -> Path:
    """An environment's committed settings, for moto's account, in a folder of their own; credentials for it."""
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    text = (Path(__file__).parents[2] / f"Pulumi.{environment}.yaml").read_text()
    path = folder / f"Pulumi.{environment}.yaml"
    path.write_text(text.replace("111122223333", ACCOUNT))
    monkeypatch.setattr("ops.stacks.CHECKOUT", folder)
    return path


def give_identity(folder: Path, monkeypatch) -> None:
    """An identity, and recipients, for secrets in the repository of these settings."""
    identity = age.make_identity()
    (folder / "identity").write_text(identity)
    (folder / "secrets").mkdir()
    (folder / "secrets" / "recipients.txt").write_text(age.public_key(identity))
    monkeypatch.setenv("BOKA_AGE_KEY_FILE", str(folder / "identity"))


class Cloudflare(ThreadingHTTPServer):
    """Answers as Cloudflare's API: `active` tokens, a `zone`, and 403 for paths that hold a word of `forbidden`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.active = True
        self.zone = dict(ZONE)
        self.groups = dict(GROUPS)
        self.forbidden: set[str] = set()
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, path: str) -> tuple[int, object]:
        if path.endswith("/tokens/verify"):
            return (200, {"status": "active"}) if self.active else (401, None)
        if any(word in path for word in self.forbidden):
            return 403, None
        if path.endswith("/permission_groups"):
            return 200, [{"id": id_, "name": name} for name, id_ in self.groups.items()]
        return 200, self.zone if path.startswith("/zones/") and path.count("/") == 2 else []


class _Handler(BaseHTTPRequestHandler):
    server: Cloudflare

    def do_GET(self):
        status, result = self.server.answer(self.path)
        errors = [] if status == 200 else [{"code": 10000, "message": "Authentication error"}]
        body = json.dumps({"success": not errors, "errors": errors, "result": result}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""
