"""`boka-app export-customer`, `erase-customer`, `verify-audit`: what an operator does within a tenant."""

from datetime import datetime
from uuid import UUID

import msgspec

from boka_app.audit import queries as audit
from boka_app.audit.model import ChainBroken, Verification
from boka_app.command import Arguments, Result, command, option
from boka_app.customers import service as customers
from boka_app.database import Connection
from boka_app.tenants import queries
from boka_app.tenants.model import OPERATOR, PLATFORM

_WHO = option("tenant", metavar="TENANT"), option("customer", type=UUID, metavar="CUSTOMER-ID")
_SURE = option("--yes", action="store_true", required=True, help="needed: there is no way back")
_ONLY = option("--tenant", metavar="TENANT", help="only this one; else all, and the platform's own")


@command("export-customer", "print everything held on a person, as JSON", *_WHO)
async def _export(conn: Connection, arguments: Arguments, _now: datetime) -> Result:
    await queries.enter_tenant(conn, arguments.tenant, OPERATOR)
    data = msgspec.to_builtins(await customers.export_customer(conn, arguments.customer))
    return data, msgspec.json.format(msgspec.json.encode(data)).decode()


@command("erase-customer", "erase a person for good; visits stay as figures", *_WHO, _SURE)
async def _erase(conn: Connection, arguments: Arguments, now: datetime) -> Result:
    await queries.enter_tenant(conn, arguments.tenant, OPERATOR)
    erased = await customers.erase_customer(conn, arguments.customer, now=now)
    text = f"erased customer {erased.id}; {erased.appointments} appointments stay as figures of nobody"
    return msgspec.to_builtins(erased), text


@command("verify-audit", "recompute the audit's chains; 3 if one is broken", _ONLY)
async def _verify(conn: Connection, arguments: Arguments, _now: datetime) -> Result:
    """Verify chain by chain.

    Raises:
        ChainBroken: at least one does not fit; the text names each.
    """
    if arguments.tenant:
        tenants = {arguments.tenant: (await queries.enter_tenant(conn, arguments.tenant)).id}
    else:
        tenants = {"the platform": PLATFORM} | await queries.list_ids(conn)
    found = {name: await _chain_of(conn, tenant_id) for name, tenant_id in tenants.items()}
    broken = {name: each for name, each in found.items() if each.broken_at is not None}
    if broken:
        raise ChainBroken(broken)
    entries = sum(each.entries for each in found.values())
    return {"audits": len(found), "entries": entries}, f"{len(found)} audits of {entries} entries are whole"


async def _chain_of(conn: Connection, tenant_id: UUID) -> Verification:
    await queries.enter(conn, tenant_id, OPERATOR)
    return await audit.verify(conn)
