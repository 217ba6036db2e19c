"""`boka-app export-customer`, `erase-customer`, `verify-audit`: what an operator does within a tenant."""

import argparse
import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
from psycopg import AsyncConnection

from boka_app import logs
from boka_app.audit import queries as audit
from boka_app.audit.model import ChainBroken, Verification
from boka_app.customers import service as customers
from boka_app.database import Connection
from boka_app.settings import load_database
from boka_app.tenants import queries
from boka_app.tenants.model import OPERATOR, PLATFORM

Result = tuple[dict[str, Any], str]


def register(commands: Any, add: Callable[..., argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:  # noqa: ANN401  argparse keeps the type to itself
    """Add the commands to the parser of `boka-app`."""
    export = add(commands, "export-customer", "print everything held on a person, as JSON", _run(_export), common)
    erase = add(commands, "erase-customer", "erase a person for good; visits stay as figures", _run(_erase), common)
    for parser in (export, erase):
        parser.add_argument("tenant", metavar="TENANT")
        parser.add_argument("customer", type=UUID, metavar="CUSTOMER-ID")
    erase.add_argument("--yes", action="store_true", required=True, help="needed: there is no way back")
    verify = add(commands, "verify-audit", "recompute the audit's chains; 3 if one is broken", _run(_verify), common)
    verify.add_argument("--tenant", metavar="TENANT", help="only this one; else all, and the platform's own")


def _run(do: Callable[[argparse.Namespace], Any]) -> Callable[[argparse.Namespace], Result]:
    return lambda arguments: asyncio.run(do(arguments))


async def _export(arguments: argparse.Namespace) -> Result:
    async with _connected() as conn:
        await queries.enter_tenant(conn, arguments.tenant, OPERATOR)
        data = msgspec.to_builtins(await customers.export_customer(conn, arguments.customer))
    return data, msgspec.json.format(msgspec.json.encode(data)).decode()


async def _erase(arguments: argparse.Namespace) -> Result:
    async with _connected() as conn:
        await queries.enter_tenant(conn, arguments.tenant, OPERATOR)
        erased = await customers.erase_customer(conn, arguments.customer, now=datetime.now(UTC))
    text = f"erased customer {erased.id}; {erased.appointments} appointments stay as figures of nobody"
    return msgspec.to_builtins(erased), text


async def _verify(arguments: argparse.Namespace) -> Result:
    """Verify chain by chain.

    Raises:
        ChainBroken: at least one does not fit; the text names each.
    """
    async with _connected() as conn:
        if arguments.tenant:
            found = {arguments.tenant: await _chain_of(conn, (await queries.enter_tenant(conn, arguments.tenant)).id)}
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


@asynccontextmanager
async def _connected() -> AsyncGenerator[Connection]:
    logs.request_id.set(f"command-{uuid4().hex}")  # what the audit notes; a command has no request
    kwargs: dict[str, Any] = load_database(os.environ).connect_kwargs(application="boka-app-cli")
    async with await AsyncConnection.connect(**kwargs, autocommit=True) as conn, conn.transaction():
        yield conn
