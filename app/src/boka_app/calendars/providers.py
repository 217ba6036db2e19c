"""What every provider of calendars can do for us, and the part that is alike: OAuth 2, pages, how refusals are told.

A provider's module speaks its protocol and nothing else: it knows no database. Source: RFC 6749, RFC 7636.
"""

import hashlib
from abc import ABC, abstractmethod
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from boka_app.calendars import model
from boka_app.calendars.model import Busy, Changes, Grant, OurEvent, Tokens, Window
from boka_app.settings import ProviderSettings

if TYPE_CHECKING:
    import httpx  # the API builds addresses for people and sends nothing, so it does not load a client

_MAX_PAGES = 50  # of a few hundred events each: more than the cap on busy times can use
_PAUSE_S = 60  # when a provider asks for patience and does not say how much
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _GONE, _TOO_MANY = 401, 403, 404, 410, 429
Asked = tuple[str, dict[str, str] | None]  # an address and its parameters


class Provider(ABC):
    """One provider, and one calendar there. `state` and `remote_ref` are its own words, kept and never understood.

    `access` is the token to speak with; an event has `items`, `end` and `verb` where the protocol has them.
    """

    scope: ClassVar[str]
    consent: ClassVar[Mapping[str, str]] = {}  # what its consent page must be told beside the standard
    headers: ClassVar[Mapping[str, str]] = {}
    items: ClassVar[str]  # the member of a page that has the events
    end: ClassVar[str]  # that of the last page: what to ask with next time
    verb: ClassVar[str]  # what changes an event

    def __init__(
        self, settings: ProviderSettings, redirect_uri: str, http: "httpx.AsyncClient | None", calendar: str
    ) -> None:
        self._settings, self._redirect_uri, self._http, self._calendar = settings, redirect_uri, http, calendar
        self.access = ""

    def authorize_url(self, *, state: str, verifier: str) -> str:
        """Return where somebody agrees that we use their calendar."""
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {"response_type": "code", "client_id": self._settings.client_id, "redirect_uri": self._redirect_uri}
        query |= {"scope": self.scope, "state": state, "code_challenge": challenge, "code_challenge_method": "S256"}
        return f"{self._settings.authorize_url}?{urlencode({**query, **self.consent})}"

    async def make_tokens(self, secret: Grant | Tokens, *, now: datetime) -> Tokens:
        """Return the first tokens for what the consent page gave, or fresh ones; some rotate the refresh token.

        Raises:
            Revoked: the code is used, expired or another's; the consent was taken back.
        """
        client = {"client_id": self._settings.client_id, "client_secret": self._settings.client_secret}
        if isinstance(secret, Grant):
            form = {"grant_type": "authorization_code", "code": secret.code, "code_verifier": secret.verifier}
            form |= {"redirect_uri": self._redirect_uri}
        else:
            form = {"grant_type": "refresh_token", "refresh_token": secret.refresh}
        answer = await self._client.post(self._settings.token_url, data=form | client)
        if '"invalid_grant"' in answer.text:
            raise model.Revoked("the consent was taken back or has expired; connect the calendar again")
        if not answer.is_success:
            raise failure(answer)
        body = answer.json()
        refresh = body.get("refresh_token") or (secret.refresh if isinstance(secret, Tokens) else "")
        expires_at = now + timedelta(seconds=int(body.get("expires_in", 3600)))
        return Tokens(access=body["access_token"], refresh=refresh, expires_at=expires_at)

    async def list_changes(self, state: str | None, window: Window) -> Changes:
        """Return what changed since `state`; without one, or when it has expired (410), everything in the window."""
        url, asked = self._first(state, window)
        items: list[dict[str, Any]] = []
        for _ in range(_MAX_PAGES):
            answer = await self._send("GET", url, params=asked, accept=() if state is None else (_GONE,))
            if answer.status_code == _GONE:
                return await self.list_changes(None, window)
            page = answer.json()
            items += page.get(self.items, [])
            if self.end in page:
                busy = self._busy(items, page.get("timeZone") or window.zone)
                gone = {item["id"] for item in items} - {each.uid for each in busy}
                return Changes(busy=busy, gone=sorted(gone), state=page[self.end], whole=state is None)
            url, asked = self._next(url, asked, page)
        raise model.RemoteFailed(f"the calendar has more than {_MAX_PAGES} pages of events")

    @abstractmethod
    async def create(self, event: OurEvent) -> str:
        """Write an event and return its `remote_ref`. Doing it again with the same request_id makes no second."""

    async def update(self, ref: str, event: OurEvent) -> bool:
        """Make an event what the visit is now. False: it is gone."""
        answer = await self._send(self.verb, self._url(ref), json=self._body(event), accept=(_NOT_FOUND, _GONE))
        return answer.is_success

    async def delete(self, ref: str) -> None:
        """Take an event away; that it is gone already is no error."""
        await self._send("DELETE", self._url(ref), accept=(_NOT_FOUND, _GONE))

    @abstractmethod
    def _first(self, state: str | None, window: Window) -> Asked:
        """Return where to begin to read."""

    @abstractmethod
    def _next(self, url: str, asked: dict[str, str] | None, page: dict[str, Any]) -> Asked:
        """Return where to go on after a page."""

    @abstractmethod
    def _busy(self, items: list[dict[str, Any]], zone: str) -> list[Busy]:
        """Return the times that events keep; ours keep none. Days without a zone are those of `zone`."""

    @abstractmethod
    def _body(self, event: OurEvent) -> dict[str, Any]:
        """Return an event in the provider's words."""

    @abstractmethod
    def _url(self, ref: str = "") -> str:
        """Return the address of an event, or of all."""

    @property
    def _client(self) -> "httpx.AsyncClient":
        assert self._http is not None  # noqa: S101  who speaks was given one
        return self._http

    async def _send(self, method: str, url: str, *, accept: tuple[int, ...] = (), **parts: Any) -> "httpx.Response":  # noqa: ANN401  httpx's own
        """Send one request; statuses from 400 not in `accept` are raised as what they mean."""
        headers = {"Authorization": f"Bearer {self.access}", **self.headers}
        answer = await self._client.request(method, url, headers=headers, **parts)
        if answer.is_success or answer.status_code in accept:
            return answer
        raise failure(answer)


def spans(times: list[tuple[str, datetime, datetime]]) -> list[Busy]:
    """Return the busy times of events, without those that take none."""
    return [Busy(uid=uid, starts_at=begin, ends_at=end) for uid, begin, end in times if begin < end]


def failure(answer: "httpx.Response") -> Exception:
    """Return what a refusal means for us."""
    status = answer.status_code
    pause = answer.headers.get("Retry-After", "")
    limited = status == _FORBIDDEN and any(word in answer.text for word in ("ateLimitExceeded", "quotaExceeded"))
    if status == _UNAUTHORIZED:
        return model.Unauthorized("the provider does not accept the access token")
    if status == _TOO_MANY or limited or pause:
        return model.Throttled(f"the provider asks for a pause ({status})", int(pause) if pause.isdigit() else _PAUSE_S)
    return model.RemoteFailed(f"the provider answered {status}")
