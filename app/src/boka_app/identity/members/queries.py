"""SQL on the memberships of the entered tenant."""

from typing import Any
from uuid import UUID, uuid4

from psycopg import errors

from boka_app.conventions.model import AlreadyTaken, ReferenceUnknown, RowUnknown
from boka_app.database import Connection
from boka_app.identity.members.model import LastOwner, Member
from boka_app.identity.rows import many, one, run

_LIST = """
select
    a.id, a.email, a.name, m.role, m.employee_id, a.password_hash is not null as active,
    a.totp_confirmed_at is not null as mfa, m.version
from membership m
join account a on a.id = m.account_id
where m.tenant_id = current_tenant() and (%(id)s::uuid is null or a.id = %(id)s)
order by a.name, a.id
limit 500
"""

_LOCK_OWNERS = """
select account_id
from membership
where tenant_id = current_tenant() and (role = 'owner' or account_id = %(id)s)
order by account_id
for update
"""

_OTHER_OWNERS = """
select 1
from membership
where tenant_id = current_tenant() and role = 'owner' and account_id <> %(id)s
"""

# An account that is there already keeps its name: it is its owner's.
_ENSURE_ACCOUNT = """
insert into account (id, email, name)
values (%(id)s, lower(%(email)s), %(name)s)
on conflict (email) do update set email = excluded.email
returning id
"""

_INSERT = """
insert into membership (tenant_id, account_id, role, employee_id)
values (current_tenant(), %(id)s, %(role)s, %(employee_id)s)
"""

_UPDATE = """
update membership
set role = %(role)s, employee_id = %(employee_id)s
where tenant_id = current_tenant() and account_id = %(id)s
"""

_DELETE = """
delete from membership
where tenant_id = current_tenant() and account_id = %(id)s
"""


async def list_members(conn: Connection) -> list[Member]:
    """Return the members by name."""
    return await many(conn, Member, _LIST, {"id": None})


async def get_member(conn: Connection, account_id: UUID) -> Member:
    """Return one member.

    Raises:
        RowUnknown: the tenant has no such member.
    """
    found = await one(conn, Member, _LIST, {"id": account_id})
    if found is None:
        raise RowUnknown("member")
    return found


async def lock_member(conn: Connection, account_id: UUID) -> Member:
    """Return one member; it and all owners change no more until the transaction ends."""
    await run(conn, _LOCK_OWNERS, id=account_id)
    return await get_member(conn, account_id)


async def require_other_owner(conn: Connection, account_id: UUID) -> None:
    """Let pass if the tenant has another owner.

    Raises:
        LastOwner: it has none.
    """
    if await run(conn, _OTHER_OWNERS, id=account_id) == 0:
        raise LastOwner


async def ensure_account(conn: Connection, email: str, name: str) -> UUID:
    """Return the account of an address; make one without a password if there is none."""
    row = await (await conn.execute(_ENSURE_ACCOUNT, {"id": uuid4(), "email": email, "name": name})).fetchone()
    assert row is not None  # noqa: S101  RETURNING gives the row, or the statement raised
    return row[0]


async def write_member(conn: Connection, account_id: UUID, *, new: bool, **columns: Any) -> None:  # noqa: ANN401
    """Insert or update a membership.

    Raises:
        AlreadyTaken: the account is a member already.
        ReferenceUnknown: the tenant has no such employee.
    """
    try:
        await run(conn, _INSERT if new else _UPDATE, id=account_id, **columns)
    except errors.UniqueViolation as err:
        raise AlreadyTaken("membership_pkey") from err
    except errors.ForeignKeyViolation as err:
        raise ReferenceUnknown("membership_employee_fkey") from err


async def delete_member(conn: Connection, account_id: UUID) -> None:
    """Remove a membership; the account stays."""
    await run(conn, _DELETE, id=account_id)
