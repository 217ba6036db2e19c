"""A page of a list, and the refusals that any address may give."""

from typing import Generic, TypeVar

import msgspec

from boka_app.errors import DomainError

Item = TypeVar("Item")


class Page(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """Some rows of a list. `next` is what to send as `cursor` for the rows after them; null at the end."""

    items: list[Item]
    next: str | None


class MatchMissing(DomainError):
    """A change came without saying which version it is meant for."""

    def __init__(self) -> None:
        super().__init__("the change came without If-Match; send the ETag that reading the resource answered")


class VersionChanged(DomainError):
    """Somebody else changed the resource since the caller read it."""

    def __init__(self, given: str, version: int) -> None:
        super().__init__(
            f'If-Match is {given} and the version is now "{version}"; read it again, then repeat the change'
        )


class RateLimited(DomainError):
    """More requests than the limit allows."""

    def __init__(self, quota: int, window_s: int, retry_after_s: int) -> None:
        super().__init__(
            f"over {quota} requests within {window_s} s; go on after {retry_after_s} s, as Retry-After says"
        )
