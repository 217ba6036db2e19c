"""`/api/tenants/{slug}/api-keys` for owners, `/api/admin/api-keys` for administrators."""

from datetime import timedelta
from functools import partial

from boka_app.audit import queries as audit
from boka_app.conventions.model import RowUnknown
from boka_app.identity import rules
from boka_app.identity.keys import queries
from boka_app.identity.keys.model import EmergencyKey, Key, KeyMade, NewKey, ScopeRefused
from boka_app.identity.model import Count
from boka_app.identity.responding import Call, address, responder
from boka_app.parts import Parts, Routes
from boka_app.tenants.model import PLATFORM


def routes(parts: Parts) -> Routes:
    """Return the addresses of keys. A new key's secret is shown once, so no repetition can be answered the same."""
    change = partial(responder, parts, needs="keys.write", within="tenant")
    command = partial(responder, parts, needs="platform.write", within="platform")
    listed = responder(parts, _list, "List API keys", answer=list[Key], needs="keys.read", within="tenant")
    listed_all = responder(
        parts, _list, "List all API keys", answer=list[Key], needs="platform.read", within="platform"
    )
    make = change(_make, "Make an API key", answer=KeyMade, body=NewKey, status=201, problems=("scope-refused",))
    emergency = command(_make_emergency, "Make an emergency key", answer=KeyMade, body=EmergencyKey, status=201)
    unknown = ("row-unknown",)
    return [
        ("/api/tenants/{slug}/api-keys", address(get=listed, post=make)),
        (
            "/api/tenants/{slug}/api-keys/{id:uuid}",
            address(delete=change(_revoke, "Revoke an API key", problems=unknown)),
        ),
        (
            "/api/admin/api-keys",
            address(get=listed_all, delete=command(_revoke_all, "Revoke all API keys", answer=Count)),
        ),
        ("/api/admin/api-keys/{id:uuid}", address(delete=command(_revoke, "Revoke any API key", problems=unknown))),
        ("/api/admin/api-keys/emergency", address(post=emergency)),
    ]


async def _list(call: Call) -> list[Key]:
    return await queries.list_keys(call.conn, call.parts.now())


async def _make(call: Call) -> KeyMade:
    new: NewKey = call.wish
    refused = rules.scopes_refused(new.scopes, call.principal.needs)
    if refused:
        raise ScopeRefused(refused)
    made = await queries.make_key(
        call.conn, call.principal, new.name, new.scopes, now=call.parts.now(), life=timedelta(days=new.days)
    )
    await audit.record(call.conn, "key.made", made.key.id, scopes=new.scopes)
    return made


async def _make_emergency(call: Call) -> KeyMade:
    return await queries.make_emergency_key(call.conn, call.principal, call.wish, call.parts.now())


async def _revoke(call: Call) -> None:
    """End a key; its next request is refused."""
    if await queries.revoke_keys(call.conn, call.parts.now(), call.id) == 0:
        raise RowUnknown("API key")
    await audit.record(call.conn, "key.revoked", call.id)


async def _revoke_all(call: Call) -> Count:
    """End the keys of every tenant and of the platform, for an incident."""
    ended = await queries.revoke_keys(call.conn, call.parts.now())
    await audit.record(call.conn, "keys.revoked", PLATFORM, ended=ended)
    return Count(count=ended)
