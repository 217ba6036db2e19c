"""Read a request's body, within bounds."""

import falcon
from falcon.asgi import Request

_PUBLIC_BYTES = 16 * 1024  # a booking takes under 1 KiB; the rest is room for names in any script
_KNOWN_BYTES = 768 * 1024  # of an account or a key: the longest template, 120,000 characters of six bytes (\u00e4)


async def read_body(req: Request, media_type: str) -> bytes:
    """Return the body of the one media type expected; never holds more than the bound in memory.

    Raises:
        falcon.HTTPUnsupportedMediaType, falcon.HTTPContentTooLarge: it is of another type, or too long.
    """
    given = (req.content_type or "").partition(";")[0].strip().lower()
    if given != media_type:
        raise falcon.HTTPUnsupportedMediaType(description=f"the body is {given or 'untyped'}; send {media_type}")
    most = _PUBLIC_BYTES if req.context.get("principal") is None else _KNOWN_BYTES
    body = b"" if (req.content_length or 0) > most else await req.stream.read(most + 1)
    if (req.content_length or len(body)) > most:
        raise falcon.HTTPContentTooLarge(description=f"the body is over {most} bytes; shorten it")
    return body
