"""Read a request's body, within bounds."""

import falcon
from falcon.asgi import Request

MAX_BODY_BYTES = 16 * 1024  # a booking takes under 1 KiB; the rest is room for names in any script


async def read_body(req: Request, media_type: str) -> bytes:
    """Return the body of the one media type expected; never holds more than the bound in memory.

    Raises:
        falcon.HTTPUnsupportedMediaType, falcon.HTTPContentTooLarge: it is of another type, or too long.
    """
    given = (req.content_type or "").partition(";")[0].strip().lower()
    if given != media_type:
        raise falcon.HTTPUnsupportedMediaType(description=f"the body is {given or 'untyped'}; send {media_type}")
    body = b"" if (req.content_length or 0) > MAX_BODY_BYTES else await req.stream.read(MAX_BODY_BYTES + 1)
    if (req.content_length or len(body)) > MAX_BODY_BYTES:
        raise falcon.HTTPContentTooLarge(description=f"the body is over {MAX_BODY_BYTES} bytes; shorten it")
    return body
