"""`/api/tenants/{slug}/members`: invite people, change what they are, let them go."""

from functools import partial

from msgspec import UNSET

from boka_app.audit import queries as audit
from boka_app.conventions.api import Api, Call
from boka_app.conventions.model import AlreadyTaken, ReferenceUnknown, RowUnknown
from boka_app.identity import invitations
from boka_app.identity.members import queries
from boka_app.identity.members.model import LastOwner, Member, MemberChange, NewMember
from boka_app.identity.permissions import OWNER

api = Api()
_ALL, _ONE = "/api/tenants/{slug}/members", "/api/tenants/{slug}/members/{id:uuid}"
_look, _change = partial(api, needs="members.read"), partial(api, needs="members.write")


@_look(f"GET {_ALL}", "List members")
async def _list(call: Call) -> list[Member]:
    return await queries.list_members(call.conn)


@_look(f"GET {_ONE}", "Read a member", problems=(RowUnknown,))
async def _read(call: Call) -> Member:
    return await queries.get_member(call.conn, id=call.id)


@_change(f"POST {_ALL}", "Invite a member", status=201, problems=(AlreadyTaken, ReferenceUnknown))
async def _invite(call: Call, wish: NewMember) -> Member:
    """Make the membership, and the account where there is none; write to the person."""
    account_id = await queries.ensure_account(call.conn, wish.email, wish.name)
    await queries.insert_member(call.conn, id=account_id, role=wish.role, employee_id=wish.employee_id)
    await invitations.invite(call.conn, call.parts, account_id)
    member = await queries.get_member(call.conn, id=account_id)
    await audit.record(call.conn, "member.added", account_id, role=wish.role)
    return member


@_change(f"PATCH {_ONE}", "Change a member", problems=(RowUnknown, LastOwner, ReferenceUnknown), if_match=True)
async def _edit(call: Call, wish: MemberChange) -> Member:
    """Change role or employee; it counts from the member's next request on."""
    present = await queries.lock_member(call.conn, call.id)
    call.require_match(present.version)
    role = present.role if wish.role is UNSET else wish.role
    employee_id = present.employee_id if wish.employee_id is UNSET else wish.employee_id
    if role != OWNER:
        await queries.require_other_owner(call.conn, call.id)
    await queries.update_member(call.conn, id=call.id, role=role, employee_id=employee_id)
    member = await queries.get_member(call.conn, id=call.id)
    await audit.record(call.conn, "member.changed", call.id, role=role, before=present.role)
    return member


@_change(f"DELETE {_ONE}", "Let a member go", problems=(RowUnknown, LastOwner), if_match=True)
async def _remove(call: Call) -> None:
    """Remove the membership; the account stays, with its other tenants."""
    present = await queries.lock_member(call.conn, call.id)
    call.require_match(present.version)
    await queries.require_other_owner(call.conn, call.id)
    await queries.delete_member(call.conn, id=call.id)
    await audit.record(call.conn, "member.removed", call.id, role=present.role)
