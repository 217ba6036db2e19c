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


class RowUnknown(DomainError):
    """The address names a row that the tenant does not have."""

    def __init__(self, noun: str) -> None:
        super().__init__(f"the address leads to no {noun} of this tenant; its list names those there are")


class AlreadyTaken(DomainError):
    """Another row has what must be unique."""

    def __init__(self, constraint: str) -> None:
        super().__init__(f"another one has it already ({constraint}); choose another, or change that one")


class ReferenceUnknown(DomainError):
    """The body names a row of another table that the tenant does not have."""

    def __init__(self, constraint: str) -> None:
        super().__init__(f"an id in the body names nothing of this tenant ({constraint}); take one from its lists")
