"""SQL that reads the outbox as a stream.

Ids are given before transactions commit, so an event may appear behind a later one. What is older than every open
transaction is complete, and only that is read, in the order of the transactions.
"""

from boka_app.live.model import Event, Position
from boka_app.statements import many, the

_HORIZON = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xid, 0 as id"

_AFTER = """
select xid::text::bigint as xid, id, kind, subject_id, at, payload
from outbox
where tenant_id = current_tenant()
    and (xid, id) > (%(xid)s::bigint::text::xid8, %(id)s)
    and xid < pg_snapshot_xmin(pg_current_snapshot())
order by outbox.xid, id
limit %(limit)s
"""

get_horizon = the(Position, _HORIZON, LookupError)
"""The place after which all that is not yet complete will come."""
list_after = many(Event, _AFTER)
"""The entered tenant's next events."""
