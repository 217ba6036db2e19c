"""What staff see and edit of messages: each kind of row with its SQL, for `conventions.editing`."""

from datetime import datetime
from uuid import UUID

from boka_app.conventions.editing import Table
from boka_app.messages import words
from boka_app.messages.model import Notification, Template


class NewTemplate(Template, frozen=True, kw_only=True):
    """Words for one message in one language, instead of the built-in ones; none that cannot be filled in."""

    def __post_init__(self) -> None:
        """Refuse what cannot be filled in."""
        words.check(self)


class OwnTemplate(Template, frozen=True, kw_only=True):
    """A template of the tenant."""

    id: UUID
    version: int
    updated_at: datetime


TEMPLATES = Table(
    kind="template",
    noun="message template",
    needs="messages",
    new=NewTemplate,
    row=OwnTemplate,
    event=None,
    sorted_by="kind",
    select="""
    select id, kind, channel, locale, subject, text_body, html_body, version, updated_at
    from message_template
    where tenant_id = current_tenant()
    """,
    page="""
        and (%(after)s::text is null or (kind, id) > (%(after)s::text, %(after_id)s::uuid))
        and (%(search)s::text is null or kind = %(search)s::text)
    order by kind, id
    limit %(fetch)s
    """,
    insert="""
    insert into message_template (tenant_id, id, kind, channel, locale, subject, text_body, html_body)
    values (
        current_tenant(), %(id)s, %(kind)s, %(channel)s, %(locale)s, %(subject)s, %(text_body)s, %(html_body)s
    )
    """,
    update="""
    update message_template
    set kind = %(kind)s, channel = %(channel)s, locale = %(locale)s, subject = %(subject)s,
        text_body = %(text_body)s, html_body = %(html_body)s
    where tenant_id = current_tenant() and id = %(id)s
    """,
    delete="delete from message_template where tenant_id = current_tenant() and id = %(id)s",
)

NOTIFICATIONS = Table(
    kind="notification",
    noun="message",
    needs="messages",
    new=Template,
    row=Notification,
    update="",
    sorted_by="created_at",
    sorted_as=datetime,
    select="""
    select
        id, kind, channel, subject_id, appointment_id, customer_id, status, attempts, due_at, sent_at, failure,
        created_at
    from notification
    where tenant_id = current_tenant()
    """,
    page="""
        and (%(after)s::timestamptz is null or (created_at, id) < (%(after)s::timestamptz, %(after_id)s::uuid))
        and (%(search)s::text is null or status = %(search)s::text or kind = %(search)s::text)
    order by created_at desc, id desc
    limit %(fetch)s
    """,
)
