"""One request to an address that a tenant chose: to the machine that was looked at, no redirect, no proxy, no end of
reading too late.
"""

import ssl
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from boka_app.net.guard import resolve

if TYPE_CHECKING:
    import httpx  # the API names the jobs that ask and never carries one out, so it does not load a client

_TIMEOUT_S = 10  # for each part


async def exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    networks: tuple[str, ...],
    most_bytes: int,
    content: bytes | None = None,
) -> "tuple[httpx.Response, bytes]":
    """Return the answer and its body as it came, packed perhaps, read until it is over so many bytes.

    Has a client of its own: a connection kept open to that machine may have been proven under another tenant's name.

    Raises:
        AddressRefused: it leads to what is not allowed; `networks` are, though private.
        httpx.HTTPError: no answer.
    """
    import httpx  # noqa: PLC0415  as above

    target = await resolve(url, allowed_networks=networks)
    asked: Any = {"headers": {**headers, **target.headers}, "extensions": target.extensions, "content": content}
    async with (
        httpx.AsyncClient(verify=_ssl_context(), timeout=_TIMEOUT_S, trust_env=False) as client,
        client.stream(method, target.url, **asked) as answer,
    ):
        body = b""
        async for part in answer.aiter_raw():
            body += part
            if len(body) > most_bytes:
                break
    return answer, body


@cache
def _ssl_context() -> ssl.SSLContext:
    return ssl.create_default_context()
