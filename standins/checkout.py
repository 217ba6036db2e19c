"""What the stand-ins for payment providers share: a hosted page with a button, and webhooks that may go wrong.

Who listens is told by secret key: `POST /_endpoint` {"secret": "sk_…", "url": "https://…", "webhook_secret": "…"}; with
"verify": false its certificate is not checked.
A webhook is sent before the customer is redirected. Faults under the path /webhooks change that: kinds `twice`, `late`
(`delay_s` after the redirect), `never`, `forged` (wrong signature), `rewritten` (the body re-serialised after signing).
"""

from __future__ import annotations

import html
import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from standins.server import Answer, Request, Standin, route

_KINDS = ("twice", "late", "never", "forged", "rewritten")


@dataclass(frozen=True)
class Endpoint:
    """Who wants the webhooks of one account."""

    url: str
    webhook_secret: str = ""
    verify: bool = True  # whether the receiver must show a certificate that this host trusts


@dataclass
class Delivery:
    """One webhook, and what its receiver answered: 0 is nothing."""

    url: str
    headers: dict[str, str]
    body: bytes = field(repr=False)
    verify: bool = True
    status: int = 0


def send(delivery: Delivery) -> None:
    """Send a webhook by HTTP."""
    request = urllib.request.Request(delivery.url, delivery.body, delivery.headers, method="POST")  # noqa: S310  the tester's address
    try:
        context = ssl.create_default_context()
        if not delivery.verify:  # a test authority's
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:  # noqa: S310
            delivery.status = answer.status
    except urllib.error.HTTPError as err:
        delivery.status = err.code
    except OSError:
        delivery.status = 0


class Refused(Exception):
    """The request breaks a rule of the provider's."""

    def __init__(self, message: str, status: int = 400, **facts: Any) -> None:  # noqa: ANN401  any JSON
        super().__init__(message)
        self.status, self.facts = status, facts


class PaymentStandin(Standin):
    """A provider with accounts known by their secret key; any key makes one. `clock` and `send` are for tests."""

    def __init__(self, *, clock: Callable[[], float] = time.time, send: Callable[[Delivery], None] = send) -> None:
        super().__init__()
        self.clock, self.send = clock, send
        self.endpoints: dict[str, Endpoint] = {}
        self.deliveries: list[Delivery] = []
        self._number = 0

    @route("POST", "/_endpoint")
    def register(self, request: Request) -> Answer:
        """Set who gets the webhooks of an account."""
        given = request.json()
        self.endpoints[given["secret"]] = Endpoint(
            given["url"], given.get("webhook_secret", ""), given.get("verify", True)
        )
        return Answer(status=204)

    def number(self) -> int:
        """Return the next number, for ids."""
        with self.lock:
            self._number += 1
            return self._number

    def sign(self, body: bytes, secret: str, endpoint: Endpoint) -> dict[str, str]:
        """Return the headers that prove a webhook."""
        raise NotImplementedError

    def tell(self, secret: str, event: dict[str, Any]) -> None:
        """Send a webhook to the account's endpoint, if it has one, as the waiting fault has it."""
        endpoint = self.endpoints.get(secret)
        if endpoint is None:
            return
        fault = self.faulty("/webhooks", *_KINDS)
        kind = fault.kind if fault else ""
        body = json.dumps(event, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json"} | self.sign(body, secret, endpoint)
        if kind == "forged":
            headers |= self.sign(body + b" ", secret, endpoint)
        if kind == "rewritten":
            body = json.dumps(event, indent=2, sort_keys=True).encode()
        times = {"twice": 2, "never": 0}.get(kind, 1)
        deliveries = [Delivery(endpoint.url, headers, body, endpoint.verify) for _ in range(times)]
        self.deliveries += deliveries
        if fault is not None and kind == "late":
            threading.Timer(fault.delay_s, self._send_all, [deliveries]).start()
        else:
            self._send_all(deliveries)

    def _send_all(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            self.send(delivery)


def secret_of(request: Request) -> str:
    """Return the secret key of a request. Raises: Refused."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.startswith(("sk_", "rk_")):
        raise Refused("Invalid API Key provided", 401)
    return secret


def page(name: str, title: str, amount: str, action: str, back: str) -> Answer:
    """Return the hosted page."""
    return Answer(
        f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(name)} checkout</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head><body><main>
<h1>{html.escape(title)}</h1><p>{html.escape(amount)}</p>
<form method="post" action="{html.escape(action)}"><button>Pay</button></form>
<p><a href="{html.escape(back)}">Back without paying</a></p></main></body></html>"""
    )
