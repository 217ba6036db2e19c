"""SQL on the directory of tenants."""

from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import kwargs_row

from boka_app import logs
from boka_app.statements import many, value
from boka_app.tenants.model import CUSTOMER, Actor, Tenant, TenantUnknown

_ENTER = """
select
    id, slug, name, time_zone, locale, currency, min_notice_minutes, horizon_days, hold_minutes,
    cancel_until_minutes, cancel_fee_percent, reschedule_until_minutes, reschedule_limit, no_show_fee_percent,
    set_config('app.tenant_id', id::text, true)
        || set_config('app.request_id', %(request_id)s, true)
        || set_config('app.actor_kind', %(actor_kind)s, true)
        || set_config('app.actor_id', %(actor_id)s, true) as entered
from tenant
where slug = %(slug)s and active
"""

_LIST = """
select
    id, slug, name, time_zone, locale, currency, min_notice_minutes, horizon_days, hold_minutes,
    cancel_until_minutes, cancel_fee_percent, reschedule_until_minutes, reschedule_limit, no_show_fee_percent
from tenant
where active
order by name, id
limit 100
"""

_IDS = "select slug, id from tenant order by slug"

_FIND = """
select slug
from tenant
where (slug = %(slug)s::text or host_name = %(host_name)s::text) and active
"""

_ENTER_ID = """
select
    set_config('app.tenant_id', %(tenant_id)s, true),
    set_config('app.request_id', %(request_id)s, true),
    set_config('app.actor_kind', %(actor_kind)s, true),
    set_config('app.actor_id', %(actor_id)s, true)
"""


async def enter(conn: AsyncConnection[Any], tenant_id: UUID, actor: Actor) -> None:
    """Make the rows of a tenant known by id, and no others, visible to the rest of the transaction."""
    await conn.execute(_ENTER_ID, {"tenant_id": str(tenant_id)} | _asker(actor))


async def enter_tenant(conn: AsyncConnection[Any], slug: str, actor: Actor = CUSTOMER) -> Tenant:
    """Make the tenant's rows, and no others, visible to the rest of the transaction.

    Raises:
        TenantUnknown: there is no such tenant.
    """
    async with conn.cursor(row_factory=kwargs_row(_without_settings)) as cur:
        await cur.execute(_ENTER, {"slug": slug} | _asker(actor))
        tenant = await cur.fetchone()
    if tenant is None:
        raise TenantUnknown(slug)
    return tenant


async def list_ids(conn: AsyncConnection[Any]) -> dict[str, UUID]:
    """Return every tenant's id by its slug, closed ones too: for what an operator does to all."""
    return dict(await (await conn.execute(_IDS)).fetchall())


find_slug = value(_FIND)
"""The slug of the tenant that has this slug or this host name, if there is one."""
list_tenants = many(Tenant, _LIST)
"""The first hundred tenants by name."""


def _asker(actor: Actor) -> dict[str, str]:
    return {"request_id": logs.request_id.get(), "actor_kind": actor.kind, "actor_id": str(actor.id or "")}


def _without_settings(*, entered: object, **columns: Any) -> Tenant:  # noqa: ANN401, ARG001  one row's columns
    return Tenant(**columns)
