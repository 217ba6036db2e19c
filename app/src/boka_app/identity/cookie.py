"""The cookie of staff in a browser, and whether a request that carries it was sent by a page of ours."""

from urllib.parse import urlsplit

from falcon.asgi import Request, Response

COOKIE = "__Host-boka"  # the prefix makes browsers hold it to this host, this path and HTTPS
BROWSER = "browser"  # the purpose of the secret in it


def give(resp: Response, secret: str) -> None:
    """Give the browser its session; it ends with the browser, or when the session does."""
    resp.set_cookie(COOKIE, secret, path="/", secure=True, http_only=True, same_site="Strict")


def take_back(resp: Response) -> None:
    """Have the browser forget its session."""
    resp.set_cookie(COOKIE, "", max_age=0, path="/", secure=True, http_only=True, same_site="Strict")


def from_here(req: Request, public_url: str) -> bool:
    """Tell whether a page of ours sent it. Under `no-referrer` a form's Origin is null; then the browser's word."""
    url, origin = urlsplit(public_url), req.get_header("Origin") or "null"
    ours = f"{url.scheme}://{url.netloc}"
    return origin == ours or (origin == "null" and req.get_header("Sec-Fetch-Site") == "same-origin")
