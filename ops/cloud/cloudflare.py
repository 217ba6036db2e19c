"""The one door through which `boka` itself asks Cloudflare. What provisions goes through Pulumi, not through here."""

import os
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from ops.errors import HostUnreachable

if TYPE_CHECKING:
    import httpx

TOKEN = "CLOUDFLARE_API_TOKEN"  # noqa: S105 - the variable's name
# Cloudflare's own tools know this variable too.
_BASE = "CLOUDFLARE_BASE_URL"
_PUBLIC = "https://api.cloudflare.com/client/v4"
_LIMIT_S = 10


class CloudflareSilent(HostUnreachable):
    """Cloudflare did not answer, or not as its API does."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"no answer from Cloudflare at {url}: {why}. Look at the network of this machine.")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What Cloudflare said: HTTP status, the result, the reasons when it says no, how many pages a list has."""

    status: int
    result: Any
    why: str
    pages: int = 1

    @property
    def good(self) -> bool:
        """It was allowed and is there."""
        return self.status < 300  # noqa: PLR2004 - HTTP's success


@cache
def _client() -> "httpx.Client":
    import httpx  # noqa: PLC0415  # as below

    return httpx.Client(timeout=_LIMIT_S)  # one for all questions: each would load the machine's authorities anew


def every(path: str, *, jurisdiction: str = "default") -> Answer:
    """Return the answer to a GET of `path` with all pages of a list, of R2 in a jurisdiction.

    Raises:
        CloudflareSilent: as `ask`.
    """
    first = ask(path, jurisdiction=jurisdiction)
    result: list[Any] = first.result if first.pages > 1 else []
    for page in range(2, first.pages + 1):
        more = ask(f"{path}?page={page}", jurisdiction=jurisdiction)
        if not more.good:
            return more
        result = result + more.result
    return replace(first, result=result) if result else first


def ask(path: str, *, jurisdiction: str = "default") -> Answer:
    """Return Cloudflare's answer to a GET of `path`, as the token of the environment.

    Raises:
        CloudflareSilent: none came within 10 s, or it was not JSON.
    """
    import httpx  # noqa: PLC0415  # every verb loads this package's neighbours, few ask Cloudflare

    base = os.environ.get(_BASE, _PUBLIC)
    headers = {"Authorization": f"Bearer {os.environ.get(TOKEN, '')}"}
    if jurisdiction != "default":
        headers["cf-r2-jurisdiction"] = jurisdiction
    try:
        found = _client().get(f"{base}{path}", headers=headers)
        content: dict[str, Any] = found.json()
    except (httpx.HTTPError, ValueError) as err:
        raise CloudflareSilent(base, str(err) or type(err).__name__) from err
    errors: list[dict[str, Any]] = content.get("errors") or []
    reasons = [str(error.get("message")) for error in errors]
    about: dict[str, Any] = content.get("result_info") or {}
    pages = int(about.get("total_pages") or 1)
    return Answer(status=found.status_code, result=content.get("result"), why="; ".join(reasons), pages=pages)
