"""Carry a wish out once for each key."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from boka_app.database import Connection
from boka_app.idempotency import queries

_Made = TypeVar("_Made")


async def once(
    conn: Connection, key: str, about: str, wish: object, kind: type[_Made], make: Callable[[], Awaitable[_Made]]
) -> _Made:
    """Return what `make` makes, or what it made for an earlier request with this key, of the same about the same.

    Raises:
        KeyReused: the key belongs to another request.
    """
    fingerprint = hashlib.sha256(about.encode() + b"\n" + msgspec.json.encode(wish)).digest()
    earlier = await queries.claim(conn, key, fingerprint)
    if earlier is not None:
        return msgspec.convert(earlier["made"], kind)
    made = await make()
    await queries.store(conn, key, {"made": msgspec.to_builtins(made)})
    return made
