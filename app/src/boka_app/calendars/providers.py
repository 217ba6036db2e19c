"""What every provider of calendars can do for us, and the part that is alike: OAuth 2 and how refusals are told.

A provider's module speaks its protocol and nothing else: it knows no database. Source: RFC 6749, RFC 7636.
"""

import hashlib
from abc import ABC, abstractmethod
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

import msgspec

from boka_app.calendars.model import (
    Changes,
    OurEvent,
    RemoteFailed,
    Revoked,
    Throttled,
    Tokens,
    Unauthorized,
    Window,
)
from boka_app.settings import ProviderSettings

if TYPE_CHECKING:
    import httpx  # the API builds addresses for people and sends nothing, so it does not load a client

MAX_PAGES = 50  # of a few hundred events each: more than the cap on busy times can use
_PAUSE_S = 60  # when a provider asks for patience and does not say how much
_OK, _UNAUTHORIZED, _FORBIDDEN, _TOO_MANY = 200, 401, 403, 429


class Provider(ABC):
    """One provider. `state` and `remote_ref` are its own words, kept by us and never understood."""

    scope: ClassVar[str]
    consent: ClassVar[dict[str, str]] = {}  # what its consent page must be told beside the standard

    def __init__(self, settings: ProviderSettings) -> None:
        self._settings = settings

    def authorize_url(self, *, state: str, verifier: str, redirect_uri: str) -> str:
        """Return where somebody agrees that we use their calendar."""
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": self.scope,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._settings.authorize_url}?{urlencode(query | self.consent)}"

    async def exchange_code(
        self, http: "httpx.AsyncClient", *, code: str, verifier: str, redirect_uri: str, now: datetime
    ) -> Tokens:
        """Return the first tokens for what the consent page gave.

        Raises:
            Revoked: the code is used, expired or another's.
        """
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        return await self._tokens(http, form | {"redirect_uri": redirect_uri}, now, None)

    async def refresh(self, http: "httpx.AsyncClient", refresh: str, *, now: datetime) -> Tokens:
        """Return fresh tokens; the refresh token is a new one where the provider rotates it.

        Raises:
            Revoked: the consent was taken back.
        """
        return await self._tokens(http, {"grant_type": "refresh_token", "refresh_token": refresh}, now, refresh)

    @abstractmethod
    async def list_changes(
        self, http: "httpx.AsyncClient", access: str, calendar: str, *, state: str | None, window: Window
    ) -> Changes:
        """Return what changed since `state`; without one, or when it is too old, everything in the window."""

    @abstractmethod
    async def create(self, http: "httpx.AsyncClient", access: str, calendar: str, event: OurEvent) -> str:
        """Write an event and return its `remote_ref`. Doing it again with the same request_id makes no second."""

    @abstractmethod
    async def update(self, http: "httpx.AsyncClient", access: str, calendar: str, ref: str, event: OurEvent) -> bool:
        """Make an event what the visit is now. False: it is gone."""

    @abstractmethod
    async def delete(self, http: "httpx.AsyncClient", access: str, calendar: str, ref: str) -> None:
        """Take an event away; that it is gone already is no error."""

    async def _tokens(
        self, http: "httpx.AsyncClient", form: dict[str, str], now: datetime, refresh: str | None
    ) -> Tokens:
        client = {"client_id": self._settings.client_id, "client_secret": self._settings.client_secret}
        answer = await http.post(self._settings.token_url, data=form | client)
        body = _json(answer)
        if answer.status_code != _OK:
            if body.get("error") == "invalid_grant":
                raise Revoked("the consent was taken back or has expired; connect the calendar again")
            raise failure(answer)
        return Tokens(
            access=body["access_token"],
            refresh=body.get("refresh_token") or refresh or "",
            expires_at=now + timedelta(seconds=int(body.get("expires_in", 3600))),
        )

    async def _send(
        self,
        http: "httpx.AsyncClient",
        method: str,
        url: str,
        access: str,
        *,
        accept: tuple[int, ...] = (),
        **parts: Any,  # noqa: ANN401  httpx's own
    ) -> "httpx.Response":
        """Send one request; statuses from 400 not in `accept` are raised as what they mean."""
        headers = {"Authorization": f"Bearer {access}"} | parts.pop("headers", {})
        answer = await http.request(method, url, headers=headers, **parts)
        if answer.is_success or answer.status_code in accept:
            return answer
        raise failure(answer)


def failure(answer: "httpx.Response") -> Exception:
    """Return what a refusal means for us."""
    status = answer.status_code
    pause = answer.headers.get("Retry-After", "")
    limited = status == _FORBIDDEN and any(word in answer.text for word in ("ateLimitExceeded", "quotaExceeded"))
    if status == _UNAUTHORIZED:
        return Unauthorized("the provider does not accept the access token")
    if status == _TOO_MANY or limited or pause:
        return Throttled(f"the provider asks for a pause ({status})", int(pause) if pause.isdigit() else _PAUSE_S)
    return RemoteFailed(f"the provider answered {status}")


def _json(answer: "httpx.Response") -> dict[str, Any]:
    try:
        return msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}
