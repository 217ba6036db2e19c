"""moto's AWS over HTTP, for programs that are not Python: `pulumi` with its state in S3 and its key in KMS."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.awsrequest import AWSPreparedRequest
from moto.core.botocore_stubber import BotocoreStubber

_SCOPE = re.compile(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/")


class MotoOverHttp(ThreadingHTTPServer):
    """Answers whatever a signed request asks of the service that it is signed for. Lives within `mock_aws`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.turn = threading.Lock()  # moto's backends are not made for two at once
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: apart, each answer waits 40 ms for the head's acknowledgement
    server: MotoOverHttp

    def _answer(self) -> None:
        region, service = _SCOPE.search(self.headers["Authorization"]).groups()
        url = f"https://{service}.{region}.amazonaws.com{self.path}"
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {key: value for key, value in self.headers.items() if key.lower() != "host"}
        with self.server.turn:
            asked = AWSPreparedRequest(self.command, url, headers, body, stream_output=False)
            status, answered, content = BotocoreStubber().process_request(asked)
        content = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        for key, value in answered.items():
            if key.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(key, str(value))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer  # noqa: N815 - the library's own

    def log_message(self, *_):
        """Say nothing."""
