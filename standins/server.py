"""A stand-in for a provider: routes that answer as documented, and two addresses for whoever tests.

`GET /_recorded` shows what arrived (`?path=/prefix` narrows it), `DELETE /_recorded` forgets it.
`POST /_fault` makes answers wrong until they are used up: {"path": "/prefix", "status": 503, "delay_s": 2, "times": 3,
"kind": "refuse"}; `times` left out means until `DELETE /_fault`. Kind `drop` closes the connection unanswered and
`lost` does so after the request has taken effect; other kinds are the provider's own, asked for by `self.faulty`.

    class Shop(Standin):
        name = "shop"

        @route("POST", "/v1/orders/{order_id}")
        def pay(self, request: Request, order_id: str) -> Answer:
            return Answer({"id": order_id}, status=201)

    with running(Shop()) as url: ...
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, kw_only=True)
class Request:
    """What arrived. Header names are in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401  any JSON
        """Return the body as JSON."""
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        """Return the fields of an application/x-www-form-urlencoded body."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """What is answered: text and bytes as they are, None as nothing, anything else as JSON."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def encode(self) -> tuple[bytes, str]:
        """Return the body and its media type."""
        if self.body is None:
            return b"", "text/plain"
        if isinstance(self.body, bytes):
            return self.body, "application/octet-stream"
        if isinstance(self.body, str):
            return self.body.encode(), "text/html; charset=utf-8"
        return json.dumps(self.body).encode(), "application/json"


@dataclass
class Fault:
    """Something to do wrong, `times` times."""

    path: str = "/"
    kind: str = "refuse"
    status: int | None = None
    delay_s: float = 0
    times: int | None = None
    body: Any = None


def route(method: str, template: str) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Let a method of a stand-in answer an address; `{name}` in it becomes an argument, `{name:path}` takes slashes."""
    pattern = re.sub(r"\{(\w+):path\}", r"(?P<\1>.+)", template)
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)

    def attach(responder: Callable[..., Answer]) -> Callable[..., Answer]:
        responder.route = (method, re.compile(pattern))  # type: ignore[attr-defined]
        return responder

    return attach


class Standin:
    """One provider. Keeps what it knows in attributes; `lock` is for what must not be interleaved."""

    name: ClassVar[str]

    def __init__(self) -> None:
        self.recorded: list[Request] = []
        self.faults: list[Fault] = []
        self.lock = threading.RLock()
        self.url = ""  # set when it runs
        members = [getattr(self, name) for name in dir(type(self))]
        self._routes = [(*member.route, member) for member in members if hasattr(member, "route")]

    def faulty(self, path: str, *kinds: str) -> Fault | None:
        """Return the fault to commit now, if one of these kinds waits for this path; it is used up by that."""
        with self.lock:
            for fault in self.faults:
                if fault.kind in kinds and path.startswith(fault.path):
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times <= 0:
                            self.faults.remove(fault)
                    return fault
        return None

    def answer(self, request: Request) -> Answer | None:
        """Return the answer to a request, or None to close the connection without one."""
        if request.path in ("/_recorded", "/_fault"):
            return self._control(request)
        with self.lock:
            self.recorded.append(request)
        fault = self.faulty(request.path, "refuse", "drop", "lost")
        if fault is not None:
            time.sleep(fault.delay_s)
            if fault.kind == "drop":
                return None
            if fault.kind == "refuse" and fault.status is not None:
                return Answer(fault.body, fault.status)
        answer = self._dispatch(request)
        return None if fault is not None and fault.kind == "lost" else answer

    def _dispatch(self, request: Request) -> Answer:
        for method, pattern, responder in self._routes:
            found = pattern.fullmatch(request.path)
            if found is not None and method == request.method:
                return responder(request, **found.groupdict())
        return Answer({"error": f"{self.name} has no {request.method} {request.path}"}, 404)

    def _control(self, request: Request) -> Answer:
        with self.lock:
            if request.path == "/_fault":
                if request.method == "POST":
                    self.faults.append(Fault(**request.json()))
                elif request.method == "DELETE":
                    self.faults.clear()
                return Answer([asdict(fault) for fault in self.faults])
            if request.method == "DELETE":
                self.recorded.clear()
            prefix = request.query.get("path", "/")
            seen = [request for request in self.recorded if request.path.startswith(prefix)]
            return Answer([asdict(request) | {"body": request.body.decode(errors="replace")} for request in seen])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30  # seconds an idle connection is kept
    standin: ClassVar[Standin]

    def _serve(self) -> None:
        url = urlsplit(self.path)
        body = self._read_body()
        request = Request(
            method=self.command,
            path=url.path,
            query=dict(parse_qsl(url.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
        )
        answer = self.standin.answer(request)
        if answer is None:
            self.close_connection = True
            return
        content, media_type = answer.encode()
        self.send_response(answer.status)
        for name, value in ({"Content-Type": media_type} | answer.headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815  names are the library's

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401  the library's signature
        """Say nothing: `/_recorded` tells."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def make_server(standin: Standin, host: str = "127.0.0.1", port: int = 0) -> ThreadingHTTPServer:
    """Return a bound server that is not serving yet; sets the stand-in's `url`."""
    handler = type("Handler", (_Handler,), {"standin": standin})
    server = _Server((host, port), handler)
    standin.url = f"http://{host}:{server.server_address[1]}"
    return server


@contextmanager
def running(standin: Standin, host: str = "127.0.0.1", port: int = 0) -> Generator[str]:
    """Serve while the block lasts; gives the address."""
    server = make_server(standin, host, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield standin.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
