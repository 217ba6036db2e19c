"""`/api/openapi.json`: the document, built once at start."""

from typing import Any

import msgspec
from falcon.asgi import Request, Response


class OpenApiResource:
    """The API's description."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._body = msgspec.json.encode(document)

    async def on_get(self, _req: Request, resp: Response) -> None:
        """Answer the document."""
        resp.content_type = "application/json"
        resp.data = self._body
