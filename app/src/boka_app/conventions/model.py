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

    detail = 'If-Match is {} and the version is now "{}"; read it again, then repeat the change'


class RateLimited(DomainError, kind="rate-limited", status=429, title="Too many requests"):
    """Go on after the seconds in Retry-After; the header RateLimit tells what is left."""

    detail = "over {} requests within {} s; go on after {} s, as Retry-After says"


class RowUnknown(DomainError, kind="row-unknown", status=404, title="No such row"):
    """The address names something that the tenant does not have."""

    detail = "the address leads to no {} of this tenant; its list names those there are"


class AlreadyTaken(DomainError, kind="already-taken", status=409, title="Taken by another"):
    """What must be unique belongs to another row already."""

    detail = "another one has it already ({}); choose another, or change that one"


class ReferenceUnknown(DomainError, kind="reference-unknown", status=422, title="Id unknown"):
    """An id in the body names nothing that the tenant has."""

    detail = "an id in the body names nothing of this tenant ({}); take one from its lists"
