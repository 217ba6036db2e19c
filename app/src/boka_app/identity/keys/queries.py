"""SQL on keys, inside a tenant or on the platform, which sees the keys of all."""

from datetime import datetime, timedelta
from secrets import token_hex
from uuid import UUID, uuid4

from boka_app.audit import queries as audit
from boka_app.database import Connection
from boka_app.identity import tokens
from boka_app.identity.keys.model import EmergencyKey, Key, KeyMade, NewKey
from boka_app.identity.model import Principal
from boka_app.statements import many, run, the
from boka_app.tenants.model import PLATFORM

_LIST = """
select
    k.id, t.slug as tenant, k.name, k.prefix, k.scopes, k.emergency, k.created_by, k.created_at, k.expires_at,
    k.last_used_at
from api_key k
left join tenant t on t.id = k.tenant_id
where current_tenant() in (k.tenant_id, %(platform)s)
    and k.revoked_at is null and k.expires_at > %(now)s and (%(id)s::uuid is null or k.id = %(id)s)
order by k.created_at desc, k.id
limit 1000
"""

_INSERT = """
insert into api_key (
    tenant_id, id, name, prefix, secret_hash, scopes, emergency, created_by, created_at, expires_at
)
values (
    current_tenant(), %(id)s, %(name)s, %(prefix)s, %(secret_hash)s, %(scopes)s, %(emergency)s, %(created_by)s,
    %(now)s, %(expires_at)s
)
"""

_REVOKE = """
update api_key
set revoked_at = %(now)s
where current_tenant() in (tenant_id, %(platform)s) and revoked_at is null and (%(id)s::uuid is null or id = %(id)s)
"""

list_keys = many(Key, _LIST, id=None, platform=PLATFORM)
_get_key = the(Key, _LIST, LookupError, platform=PLATFORM)
_insert_key = run(_INSERT)
_revoke_keys = run(_REVOKE, platform=PLATFORM)


async def make_key(
    conn: Connection, maker: Principal | None, wish: NewKey, *, now: datetime, life: timedelta, emergency: bool = False
) -> KeyMade:
    """Make a key of the entered tenant or the platform; its secret is in the answer and nowhere else."""
    key_id, prefix = uuid4(), f"{tokens.KEY_MARK}{token_hex(4)}"
    secret = f"{prefix}_{tokens.new_secret()}"
    facts = {"id": key_id, "name": wish.name, "prefix": prefix, "scopes": wish.scopes, "emergency": emergency}
    created_by, hashed = maker.id if maker and maker.kind == "account" else None, tokens.digest("key", secret)
    await _insert_key(conn, **facts, secret_hash=hashed, created_by=created_by, now=now, expires_at=now + life)
    return KeyMade(key=await _get_key(conn, id=key_id, now=now), secret=secret)


async def make_emergency_key(conn: Connection, maker: Principal | None, wish: EmergencyKey, now: datetime) -> KeyMade:
    """Make a key of the platform that may do all for some hours, and note why."""
    key = NewKey(name=f"emergency: {wish.reason}"[:120], scopes=["*"])
    made = await make_key(conn, maker, key, now=now, life=timedelta(hours=wish.hours), emergency=True)
    await audit.record(conn, "key.emergency", made.key.id, reason=wish.reason, hours=wish.hours)
    return made


async def revoke_keys(conn: Connection, now: datetime, key_id: UUID | None = None) -> int:
    """End a key, or all there are, and note it; return how many."""
    ended = await _revoke_keys(conn, now=now, id=key_id)
    if key_id is None:
        await audit.record(conn, "keys.revoked", PLATFORM, ended=ended)
    elif ended:
        await audit.record(conn, "key.revoked", key_id)
    return ended
