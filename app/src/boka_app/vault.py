"""Secrets of tenants and accounts, encrypted before they reach a row: second factors, tokens, providers' keys."""

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class VaultError(Exception):
    """A sealed value does not open: it was changed, or the key that sealed it is gone."""


class Vault:
    """Seals with the first key, opens with any, so that a key can be replaced without losing a row."""

    def __init__(self, *keys: bytes) -> None:
        self._fernet = MultiFernet([Fernet(urlsafe_b64encode(derive(key, "vault"))) for key in keys])

    def seal(self, secret: str) -> bytes:
        """Return what may lie in the database."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """Return the secret.

        Raises:
            VaultError: no key of ours sealed it.
        """
        try:
            return self._fernet.decrypt(bytes(sealed)).decode()
        except InvalidToken as err:
            raise VaultError("a sealed value does not open; was credential encryption_key replaced?") from err


def derive(key: bytes, purpose: str) -> bytes:
    """Return 32 bytes for one purpose, so that no two uses share a key (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"boka {purpose}".encode()).derive(key)
