"""An end user of the platform: resolves its names, trusts its public authority, books over HTTPS."""

import ssl
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx

DAYS_AHEAD = range(1, 15)


class Visitor:
    """A browser's view of the site: one address, one name, one trusted root (none: all that this machine trusts).

    A CDN shows a certificate of its own.
    """

    def __init__(self, address: str, name: str, root: Path | None, shown: Path | None = None) -> None:
        self._extensions = {"sni_hostname": name}
        context = ssl.create_default_context(cafile=str(root) if root else None)
        if shown:
            context.load_cert_chain(shown)
        self._client = httpx.Client(
            base_url=f"https://{address}", headers={"Host": name}, verify=context, timeout=5, follow_redirects=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request. The certificate is checked against the site's name, whatever the address."""
        return self._client.request(method, path, extensions=self._extensions, **options)

    def free_slots(self, tenant: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return a service of the tenant and its free slots of the next two weeks."""
        service = self.ask("GET", f"/api/tenants/{tenant}/services").json()[0]
        today = time.time()
        first, last = (
            time.strftime("%Y-%m-%d", time.gmtime(today + day * 86400)) for day in (DAYS_AHEAD[0], DAYS_AHEAD[-1])
        )
        answer = self.ask(
            "GET", f"/api/tenants/{tenant}/slots", params={"service": service["id"], "from": first, "to": last}
        )
        return service, answer.json()["slots"]

    def book(self, tenant: str, wish: dict[str, Any], key: str | None = None) -> httpx.Response:
        """Ask for one appointment."""
        headers = {"Idempotency-Key": key or str(uuid4())}
        return self.ask("POST", f"/api/tenants/{tenant}/appointments", json=wish, headers=headers)


@dataclass
class Load:
    """A light, bounded stream of requests and what became of each."""

    visitor: Visitor
    path: str
    pause_s: float = 0.05
    answers: list[tuple[float, int]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        assert self._thread is not None
        self._thread.join(timeout=30)

    def _run(self) -> None:
        for _ in range(4000):  # at most 200 s, whatever the test forgets
            if self._stop.wait(self.pause_s):
                return
            try:
                status = self.visitor.ask("GET", self.path).status_code
            except httpx.HTTPError:
                status = 0
            self.answers.append((time.monotonic(), status))

    @property
    def failures(self) -> list[int]:
        """Every answer that was not a 200; 0 stands for no answer at all."""
        return [status for _, status in self.answers if status != httpx.codes.OK]

    def longest_silence_s(self) -> float:
        """The longest time between two good answers."""
        good = [at for at, status in self.answers if status == httpx.codes.OK]
        return max((later - earlier for earlier, later in pairwise(good)), default=float("inf"))
