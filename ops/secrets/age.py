"""age encryption in three functions over text keys, so that pyrage's untyped module is met in this file only."""

from typing import Any

import pyrage

_pyrage: Any = pyrage
_x25519: Any = _pyrage.x25519


class NotForThisIdentity(Exception):  # errors are named for the fact (style 1.3)
    """The text was encrypted to somebody else, or is damaged; age cannot tell which."""


def make_identity() -> str:
    """Return a new private key, `AGE-SECRET-KEY-1...`."""
    return str(_x25519.Identity.generate())


def public_key(identity: str) -> str:
    """Return the recipient, `age1...`, that belongs to an identity."""
    return str(_x25519.Identity.from_str(identity).to_public())


def encrypt(plain: bytes, recipients: list[str]) -> bytes:
    """Return the text, armored, that any of the recipients can open."""
    return _pyrage.encrypt(plain, [_x25519.Recipient.from_str(key) for key in recipients], armored=True)


def decrypt(text: bytes, identity: str) -> bytes:
    """Return what was encrypted.

    Raises:
        NotForThisIdentity: it was encrypted to somebody else, or is damaged.
    """
    try:
        return _pyrage.decrypt(text, [_x25519.Identity.from_str(identity)])
    except _pyrage.DecryptError as err:
        raise NotForThisIdentity(str(err)) from err
