"""The root of every refusal that is a fact of the domain, not a fault; and what there is to say of each kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of refusal, told at `/problems/{name}`."""

    name: str
    status: int
    title: str
    page: str


class DomainError(Exception):
    """A request the service understood and refuses; `str()` is the sentence for the caller.

    Each subclass is a kind. Its first line says what problem documents have of it, and its docstring is the page.
    """

    kind: ClassVar[Kind]
    detail = ""  # the sentence, with {} for each fact of the case
    retry_after_s: int | None = None  # when it is worth asking again
    next_starts: Sequence[datetime] = ()  # what can be had instead
    faults: Sequence[dict[str, str]] = ()  # each part that is refused, as a pointer, and why as detail

    def __init_subclass__(cls, *, kind: str, status: int, title: str) -> None:
        cls.kind = Kind(kind, status, title, cls.__doc__ or "")

    def __init__(self, *facts: object) -> None:
        """Say the sentence with these facts; of a kind without one they are the sentence."""
        super().__init__(self.detail.format(*facts) if self.detail else "".join(map(str, facts)))
