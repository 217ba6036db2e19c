"""SQL on the memberships of the entered tenant."""

from uuid import UUID, uuid4

from boka_app.conventions.model import RowUnknown
from boka_app.database import Connection
from boka_app.identity.members.model import LastOwner, Member
from boka_app.statements import many, run, the, value, write

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
select account_id
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

list_members = many(Member, _LIST, id=None)
get_member = the(Member, _LIST, lambda _: RowUnknown("member"))
insert_member, update_member = write(_INSERT), write(_UPDATE)
delete_member = run(_DELETE)
_lock_owners = run(_LOCK_OWNERS)
_other_owner = value(_OTHER_OWNERS)
_ensure_account = value(_ENSURE_ACCOUNT)


async def lock_member(conn: Connection, account_id: UUID) -> Member:
    """Return one member; it and all owners change no more until the transaction ends."""
    await _lock_owners(conn, id=account_id)
    return await get_member(conn, id=account_id)


async def require_other_owner(conn: Connection, account_id: UUID) -> None:
    """Let pass if the tenant has another owner.

    Raises:
        LastOwner: it has none.
    """
    if await _other_owner(conn, id=account_id) is None:
        raise LastOwner


async def ensure_account(conn: Connection, email: str, name: str) -> UUID:
    """Return the account of an address; make one without a password if there is none."""
    return await _ensure_account(conn, id=uuid4(), email=email, name=name)
