"""A page of a list, and the refusals that any address may give."""

from typing import Generic, TypeVar

import msgspec

from boka_app.errors import DomainError

Item = TypeVar("Item")
DEFAULT_LIMIT, MAX_LIMIT = 25, 100  # rows a page


class Page(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """Some rows of a list. `next` is what to send as `cursor` for the rows after them; null at the end."""

    items: list[Item]
    next: str | None


class MatchMissing(DomainError, kind="match-missing", status=428, title="If-Match missing"):
    """Read the resource and send its ETag as If-Match, so that no change of others is lost."""

    detail = "the change came without If-Match; send the ETag that reading the resource answered"


class VersionChanged(DomainError, kind="version-changed", status=412, title="Changed meanwhile"):
    """Somebody changed the resource since it was read. Read it again, then repeat."""

    def __init__(self, given: str, version: int) -> None:
        super().__init__(
            f'If-Match is {given} and the version is now "{version}"; read it again, then repeat the change'
        )


class RateLimited(DomainError, kind="rate-limited", status=429, title="Too many requests"):
    """Go on after the seconds in Retry-After; the header RateLimit tells what is left."""

    def __init__(self, quota: int, window_s: int, retry_after_s: int) -> None:
        super().__init__(
            f"over {quota} requests within {window_s} s; go on after {retry_after_s} s, as Retry-After says"
        )


class RowUnknown(DomainError, kind="row-unknown", status=404, title="No such row"):
    """The address names something that the tenant does not have."""

    def __init__(self, noun: str) -> None:
        super().__init__(f"the address leads to no {noun} of this tenant; its list names those there are")


class AlreadyTaken(DomainError, kind="already-taken", status=409, title="Taken by another"):
    """What must be unique belongs to another row already."""

    def __init__(self, constraint: str) -> None:
        super().__init__(f"another one has it already ({constraint}); choose another, or change that one")


class ReferenceUnknown(DomainError, kind="reference-unknown", status=422, title="Id unknown"):
    """An id in the body names nothing that the tenant has."""

    def __init__(self, constraint: str) -> None:
        super().__init__(f"an id in the body names nothing of this tenant ({constraint}); take one from its lists")
