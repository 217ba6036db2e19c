"""The part of OAuth 2 that providers of calendars share: a consent page that agrees at once, and tokens.

Codes count once and only with their verifier (RFC 7636); tokens end with the consent. Fault kinds of all that build on
it: `throttle` asks for a pause of 7 s, `expired` forgets what was synchronised.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from typing import ClassVar
from urllib.parse import urlencode

from standins.server import Answer, Request, Standin, route

CLIENT_ID, CLIENT_SECRET = "boka", "boka-secret"
LIFETIME_S = 3600


class OAuthStandin(Standin):
    """A provider with accounts; whoever comes to its consent page agrees."""

    rotates: ClassVar[bool]  # a refresh makes the token before it void

    def __init__(self) -> None:
        super().__init__()
        self.codes: dict[str, tuple[str, str]] = {}  # to its challenge and its address of return
        self.refresh_tokens: set[str] = set()
        self.access_tokens: set[str] = set()
        self.refreshes = 0

    def revoke(self) -> None:
        """Take every consent back."""
        self.refresh_tokens.clear()
        self.access_tokens.clear()

    def forget_access(self) -> None:
        """Refuse the access tokens given out, as if their time were over."""
        self.access_tokens.clear()

    def refusal(self, request: Request) -> Answer | None:
        """Return why a request is not served, if so."""
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.access_tokens:
            return Answer({"error": {"code": 401, "message": "Invalid Credentials"}}, 401)
        if self.faulty(request.path, "throttle"):
            return Answer({"error": {"code": 429, "message": "Too many requests"}}, 429, {"Retry-After": "7"})
        return None

    @route("GET", "/authorize")
    def authorize(self, request: Request) -> Answer:
        """Agree, and send the browser back with a code."""
        query = request.query
        if query.get("client_id") != CLIENT_ID or query.get("code_challenge_method") != "S256":
            return Answer("unknown client, or no challenge", 400)
        code = secrets.token_urlsafe(16)
        with self.lock:
            self.codes[code] = (query["code_challenge"], query["redirect_uri"])
        back = urlencode({"code": code, "state": query["state"]})
        return Answer(None, 302, {"Location": f"{query['redirect_uri']}?{back}"})

    @route("POST", "/token")
    def token(self, request: Request) -> Answer:
        """Give tokens for a code or a refresh token."""
        form = request.form()
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return Answer({"error": "invalid_client"}, 401)
        with self.lock:
            granted = self._by_code(form) if form["grant_type"] == "authorization_code" else self._by_refresh(form)
        return granted or Answer({"error": "invalid_grant"}, 400)

    def _by_code(self, form: dict[str, str]) -> Answer | None:
        challenge, redirect_uri = self.codes.pop(form["code"], ("", ""))
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if challenge != urlsafe_b64encode(digest).rstrip(b"=").decode() or redirect_uri != form["redirect_uri"]:
            return None
        return self._tokens(secrets.token_urlsafe(16))

    def _by_refresh(self, form: dict[str, str]) -> Answer | None:
        if form["refresh_token"] not in self.refresh_tokens:
            return None
        self.refreshes += 1
        if not self.rotates:
            return self._tokens(None)
        self.refresh_tokens.remove(form["refresh_token"])
        return self._tokens(secrets.token_urlsafe(16))

    def _tokens(self, refresh: str | None) -> Answer:
        access = secrets.token_urlsafe(16)
        self.access_tokens.add(access)
        body = {"token_type": "Bearer", "access_token": access, "expires_in": LIFETIME_S}
        if refresh is not None:
            self.refresh_tokens.add(refresh)
            body["refresh_token"] = refresh
        return Answer(body)
