"""The API described by itself: the document, the catalog of APIs (RFC 9727), and a text for language models."""

from typing import Any

import msgspec
from falcon.asgi import Request, Response

from boka_app.openapi.document import build
from boka_app.parts import Parts, Routes

_LINKSET = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'


def routes(parts: Parts, api: Routes) -> Routes:
    """Return the addresses that describe the API, made once at start."""
    document = build(api)
    catalog = msgspec.json.encode(api_catalog(parts.settings.public_url))
    return [
        ("/api/openapi.json", FixedResource(msgspec.json.encode(document), "application/json")),
        ("/.well-known/api-catalog", FixedResource(catalog, _LINKSET)),
        ("/llms.txt", FixedResource(llms_text(document).encode(), "text/plain; charset=utf-8")),
    ]


class FixedResource:
    """One text that never changes while the service runs."""

    def __init__(self, body: bytes, content_type: str) -> None:
        self._body = body
        self._content_type = content_type

    async def on_get(self, _req: Request, resp: Response) -> None:
        """Answer the text."""
        resp.content_type = self._content_type
        resp.data = self._body

    on_head = on_get


def api_catalog(site: str) -> dict[str, Any]:
    """Return the linkset that leads a program to the API and what tells of it."""
    links = {
        "service-desc": ("/api/openapi.json", "application/json"),
        "service-doc": ("/llms.txt", "text/plain"),
        "status": ("/api/health", "application/json"),
    }
    found = {relation: [{"href": f"{site}{path}", "type": kind}] for relation, (path, kind) in links.items()}
    return {"linkset": [{"anchor": f"{site}/api/"} | found]}


def llms_text(document: dict[str, Any]) -> str:
    """Return the operations as Markdown, by feature (llmstxt.org)."""
    lines = [f"# {document['info']['title']}", "", f"> {document['info']['description']}", ""]
    lines += ["The whole contract: [OpenAPI 3.1](/api/openapi.json). Changes need If-Match, creations Idempotency-Key."]
    for tag in document["tags"]:
        lines += ["", f"## {tag['name']}", ""]
        for path, methods in document["paths"].items():
            lines += [
                f"- `{method.removeprefix('x-').upper()} {path}`: {operation['summary']}"
                for method, operation in methods.items()
                if tag["name"] in operation["tags"]
            ]
    return "\n".join([*lines, ""])
