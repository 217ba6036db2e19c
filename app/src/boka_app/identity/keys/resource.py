"""`/api/tenants/{slug}/api-keys` for owners, `/api/admin/api-keys` for administrators.

A new key's secret is shown once, so no repetition can be answered the same.
"""

from datetime import timedelta

from boka_app.audit import queries as audit
from boka_app.conventions.api import Api, Call
from boka_app.conventions.model import RowUnknown
from boka_app.identity import rules
from boka_app.identity.keys import queries
from boka_app.identity.keys.model import EmergencyKey, Key, KeyMade, NewKey, ScopeRefused
from boka_app.identity.model import Count

api = Api()
_OWN, _ADMIN = "/api/tenants/{slug}/api-keys", "/api/admin/api-keys"


@api(f"GET {_OWN}", "List API keys", needs="keys.read")
@api(f"GET {_ADMIN}", "List all API keys", needs="platform.read")
async def _list(call: Call) -> list[Key]:
    return await queries.list_keys(call.conn, now=call.now)


@api(f"POST {_OWN}", "Make an API key", status=201, problems=(ScopeRefused,), needs="keys.write")
async def _make(call: Call, wish: NewKey) -> KeyMade:
    refused = rules.scopes_refused(wish.scopes, call.principal.needs)
    if refused:
        raise ScopeRefused(refused)
    made = await queries.make_key(call.conn, call.principal, wish, now=call.now, life=timedelta(days=wish.days))
    await audit.record(call.conn, "key.made", made.key.id, scopes=wish.scopes)
    return made


@api(f"DELETE {_OWN}/{{id:uuid}}", "Revoke an API key", problems=(RowUnknown,), needs="keys.write")
@api(f"DELETE {_ADMIN}/{{id:uuid}}", "Revoke any API key", problems=(RowUnknown,), needs="platform.write")
async def _revoke(call: Call) -> None:
    """End a key; its next request is refused."""
    if await queries.revoke_keys(call.conn, call.now, call.id) == 0:
        raise RowUnknown("API key")


@api(f"DELETE {_ADMIN}", "Revoke all API keys", needs="platform.write")
async def _revoke_all(call: Call) -> Count:
    """End the keys of every tenant and of the platform, for an incident."""
    return Count(count=await queries.revoke_keys(call.conn, call.now))


@api(f"POST {_ADMIN}/emergency", "Make an emergency key", status=201, needs="platform.write")
async def _make_emergency(call: Call, wish: EmergencyKey) -> KeyMade:
    return await queries.make_emergency_key(call.conn, call.principal, wish, call.now)
