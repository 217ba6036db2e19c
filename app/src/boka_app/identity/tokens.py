"""What proves who asks: access tokens that are signed, and secrets of which only the hash is kept."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt.algorithms import OKPAlgorithm

from boka_app.identity.model import NotAuthenticated
from boka_app.vault import derive

ACCESS_LIFE = timedelta(minutes=10)
KEY_MARK = "bk_"
_AUDIENCE = "boka-api"
_TYPE = "at+jwt"  # RFC 9068: no other token of ours passes for an access token
_CLAIMS = ["iss", "aud", "sub", "sid", "iat", "nbf", "exp"]


class AccessTokens:
    """Signs with the first key; verifies with any, so that a key can be replaced while tokens live."""

    def __init__(self, signing_keys: tuple[bytes, ...], issuer: str) -> None:
        private = [Ed25519PrivateKey.from_private_bytes(derive(key, "jwt")) for key in signing_keys]
        self._private = private[0]
        self._public = {_key_id(key.public_key()): key.public_key() for key in private}
        self._key_id = _key_id(private[0].public_key())
        self._issuer = issuer

    def issue(self, account_id: UUID, session_id: UUID, now: datetime) -> str:
        """Return a token that names an account and its session; what they may do is looked up at each use."""
        claims = {"iss": self._issuer, "aud": _AUDIENCE, "sub": str(account_id), "sid": str(session_id)}
        times = {"iat": now, "nbf": now, "exp": now + ACCESS_LIFE}
        headers = {"kid": self._key_id, "typ": _TYPE}
        return jwt.encode(claims | times, self._private, algorithm="EdDSA", headers=headers)

    def session_of(self, token: str, now: datetime) -> UUID:
        """Return the session a token speaks for.

        Raises:
            NotAuthenticated: it is not ours, was changed, or its time is over.
        """
        try:
            header = jwt.get_unverified_header(token)
            key = self._public[header["kid"]]  # ours by name; jku, x5u and jwk of the header are never looked at
            options: Any = {"require": _CLAIMS, "verify_exp": False, "verify_nbf": False, "verify_iat": False}
            claims = jwt.decode(
                token, key, algorithms=["EdDSA"], audience=_AUDIENCE, issuer=self._issuer, options=options
            )
            if header.get("typ") != _TYPE or not claims["nbf"] <= now.timestamp() < claims["exp"]:
                raise NotAuthenticated("the access token has expired")
            return UUID(claims["sid"])
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as err:
            raise NotAuthenticated("the access token is not one of ours") from err

    def public_keys(self) -> dict[str, Any]:
        """Return the key set that verifies our tokens (RFC 7517, RFC 8037)."""
        keys = [
            OKPAlgorithm.to_jwk(key, as_dict=True) | {"alg": "EdDSA", "use": "sig", "kid": name}
            for name, key in self._public.items()
        ]
        return {"keys": keys}


def new_secret() -> str:
    """Return 256 random bits, safe in headers, cookies and addresses."""
    return secrets.token_urlsafe(32)


def digest(purpose: str, secret: str) -> bytes:
    """Return what is stored of a secret. The purpose keeps one kind from passing for another."""
    return hashlib.sha256(f"{purpose}\0{secret}".encode()).digest()


def _key_id(key: Ed25519PublicKey) -> str:
    return urlsafe_b64encode(hashlib.sha256(key.public_bytes_raw()).digest()[:12]).decode()
