"""Passwords: which are accepted, and their argon2id hashes. Nothing here looks at rows."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from boka_app.identity.model import PasswordRefused, TooManyAttempts

_Result = TypeVar("_Result")

MIN_LENGTH, MAX_LENGTH = 12, 256  # 12 shuts out nearly all of the lists of common ones (ASVS 5, 6.2)
_MIN_VARIETY = 5
_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
# One hash at a time in a process: each takes 64 MiB and more than one core for 0.1 s. Twenty wait at most.
_thread = ThreadPoolExecutor(1, "argon2")
_places = BoundedSemaphore(20)
# Of a random password nobody knows, made with the parameters above: who does not exist takes as long as who does.
NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$Rny7jMq2/4+ZMzvckTZjzw$CUvMzYT9QH6hZTlWJSB3xoyRPxISSFO66+gX9Ojgzeg"


async def hash_password(password: str) -> str:
    """Return what is stored.

    Raises:
        TooManyAttempts: too many wait already.
    """
    return await _in_line(lambda: _hasher.hash(password))


async def hash_new(password: str, email: str, *known: str) -> str:
    """Return what is stored of a new password for an account of this address.

    Raises:
        PasswordRefused, TooManyAttempts: it is too weak, or too many wait already.
    """
    check(password, email.partition("@")[0], *known)
    return await hash_password(password)


async def matches(stored: str | None, password: str) -> bool:
    """Tell whether it is the password; without a stored hash it is not, after the same time.

    Raises:
        TooManyAttempts: too many wait already.
    """

    def verify() -> bool:
        try:
            return _hasher.verify(stored or NOBODY, password) and stored is not None
        except VerifyMismatchError:
            return False

    return await _in_line(verify)


def outdated(stored: str) -> bool:
    """Tell whether a hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def check(password: str, *known: str) -> None:
    """Let a new password pass if nobody would guess it first; `known` is what anybody knows of the account.

    No rule on kinds of characters: those make passwords worse (ASVS 5, 6.2.5).

    Raises:
        PasswordRefused: too short, too long, or too plain.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise PasswordRefused(f"it has {len(password)} characters; {MIN_LENGTH} to {MAX_LENGTH} are accepted")
    plain = password.casefold()
    for word in (*known, "boka", "password", "123456", "qwerty"):
        plain = plain.replace(word.casefold(), "")
    if len(set(plain)) < _MIN_VARIETY:
        raise PasswordRefused("it is easily guessed: a name, a well-known password or one character many times")


async def _in_line(work: Callable[[], _Result]) -> _Result:
    if not _places.acquire(blocking=False):
        raise TooManyAttempts(1)
    try:
        return await asyncio.get_running_loop().run_in_executor(_thread, work)
    finally:
        _places.release()
