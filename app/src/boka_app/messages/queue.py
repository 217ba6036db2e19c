"""Order a message, in the transaction that wants it sent. Needs nothing of what sends it."""

from datetime import datetime
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


async def queue(  # noqa: PLR0913  each is a column
    conn: Connection,
    kind: str,
    subject_id: UUID,
    *,
    now: datetime,
    channel: str = "email",
    dedupe_key: str | None = None,
    due_at: datetime | None = None,
    appointment_id: UUID | None = None,
    customer_id: UUID | None = None,
    secret: bytes | None = None,
) -> None:
    """Have one message sent, now or when it is due; a second one of the same key only if the first was withdrawn.

    To an account: kind `member.invited` in a tenant or `account.password` on the platform, the account's id as
    `subject_id`, and as `secret` the link it is for, sealed by the vault.
    """
    values = {"id": uuid4(), "kind": kind, "channel": channel, "subject_id": subject_id, "secret": secret}
    values |= {"appointment_id": appointment_id, "customer_id": customer_id, "due_at": due_at or now}
    due = due_at is None or due_at <= now
    values |= {"dedupe_key": dedupe_key or f"{kind}:{values['id']}", "status": "sending" if due else "queued"}
    queued = await (await conn.execute(_INSERT, values)).fetchone()
    if queued is not None and due:
        await defer(conn, "send_notification", *queued)
