"""Lists page by page, by the key of the last row seen: no row is skipped or shown twice while others are added.

The cursor is that key, signed, so that nobody comes to depend on its form or asks for what no page ever showed.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import falcon
import msgspec
from falcon.asgi import Request, Response

from boka_app.conventions.model import DEFAULT_LIMIT, MAX_LIMIT, Item, Page
from boka_app.settings import Settings
from boka_app.vault import derive

Key = TypeVar("Key")

_TAG_BYTES = 16  # of HMAC-SHA256: nobody guesses 128 bits, and the address stays short


@dataclass(frozen=True, slots=True)
class Wanted(Generic[Key]):
    """Which page is asked for: the rows after a key (None: the first), and how many."""

    after: Key | None
    limit: int

    @property
    def keyset(self) -> dict[str, Any]:
        """Return what a statement takes to select the page: the two parts of the key, and `fetch`."""
        key: Any = self.after or (None, None)
        return {"after": key[0], "after_id": key[1], "fetch": self.fetch}

    @property
    def fetch(self) -> int:
        """Return how many rows to select: one more than shown, to know whether a page follows."""
        return self.limit + 1


class Pages(Generic[Key]):
    """The pages of one list. `key` is the type of what sorts it, such as `tuple[datetime, UUID]`."""

    def __init__(self, settings: Settings, name: str, key: type[Key]) -> None:
        self._keys = [derive(each, f"cursor {name}") for each in settings.signing_keys]
        self._decoder = msgspec.json.Decoder(key)

    def wanted(self, req: Request) -> Wanted[Key]:
        """Return what the request asks for.

        Raises:
            falcon.HTTPInvalidParam: the limit is no number from 1 to 100, or the cursor is none of this list.
        """
        limit = req.get_param_as_int("limit", min_value=1, max_value=MAX_LIMIT, default=DEFAULT_LIMIT)
        cursor = req.get_param("cursor")
        return Wanted(None if cursor is None else self._open(cursor), limit)

    def answer(
        self, req: Request, resp: Response, wanted: Wanted[Key], rows: Sequence[Item], key: Callable[[Item], Key]
    ) -> Page[Item]:
        """Answer and return the page made of `wanted.fetch` rows, with a link to the next."""
        shown = list(rows[: wanted.limit])
        cursor = self._seal(key(shown[-1])) if len(rows) > wanted.limit else None
        if cursor is not None:
            query = urlencode({**req.params, "cursor": cursor}, doseq=True)
            resp.append_link(f"{req.path}?{query}", "next")
        resp.media = page = Page(items=shown, next=cursor)
        return page

    def _seal(self, key: Key) -> str:
        content = msgspec.json.encode(key)
        return urlsafe_b64encode(_tag(self._keys[0], content) + content).rstrip(b"=").decode()

    def _open(self, cursor: str) -> Key:
        try:
            sealed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except ValueError:
            sealed = b""
        tag, content = sealed[:_TAG_BYTES], sealed[_TAG_BYTES:]
        if not any(hmac.compare_digest(tag, _tag(key, content)) for key in self._keys):
            raise falcon.HTTPInvalidParam("it is no cursor of this list; begin without one", "cursor")
        return self._decoder.decode(content)


def _tag(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, content, "sha256")[:_TAG_BYTES]
