"""Order a message, in the transaction that wants it sent. Needs nothing of what sends it."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from boka_app.database import Connection
from boka_app.worker.defer import defer

_INSERT = """
insert into notification (
    tenant_id, id, kind, channel, subject_id, appointment_id, customer_id, dedupe_key, secret, due_at, status
)
values (
    current_tenant(), %(id)s, %(kind)s, %(channel)s, %(subject_id)s, %(appointment_id)s, %(customer_id)s,
    %(dedupe_key)s, %(secret)s, %(due_at)s, %(status)s
)
on conflict (tenant_id, dedupe_key) do update
set status = excluded.status, due_at = excluded.due_at, attempts = 0
where notification.status = 'cancelled'
returning tenant_id, id
"""


async def queue(
    conn: Connection,
    kind: str,
    subject_id: UUID,
    *,
    now: datetime,
    due_at: datetime | None = None,
    **about: Any,  # noqa: ANN401  columns
) -> None:
    """Have one message sent, now or when it is due; a second one of the same key only if the first was withdrawn.

    `about` is any of channel (email unless told), dedupe_key, appointment_id, customer_id and secret. To an account:
    kind `member.invited` in a tenant or `account.password` on the platform, the account's id as `subject_id`, and as
    `secret` the link it is for, sealed by the vault.
    """
    message_id, due = uuid4(), due_at is None or due_at <= now
    unless_told = {
        "channel": "email",
        "dedupe_key": f"{kind}:{message_id}",
        "appointment_id": None,
        "customer_id": None,
    }
    values = {**unless_told, "secret": None, **about, "id": message_id, "kind": kind, "subject_id": subject_id}
    values |= {"due_at": due_at or now, "status": "sending" if due else "queued"}
    queued = await (await conn.execute(_INSERT, values)).fetchone()
    if queued is not None and due:
        await defer(conn, "send_notification", *queued)
