"""A tenant's own words, as rows that staff edit; none is kept that cannot be filled in."""

from datetime import datetime
from uuid import UUID

from boka_app.conventions.editing import Table
from boka_app.messages import words
from boka_app.messages.model import Template


class NewTemplate(Template, frozen=True, kw_only=True):
    """Words for one message in one language, instead of the built-in ones."""

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
    listing="""
    select id, kind, channel, locale, subject, text_body, html_body, version, updated_at
    from message_template
    where tenant_id = current_tenant()
        and (%(after)s::text is null or (kind, id) > (%(after)s::text, %(after_id)s::uuid))
        and (%(search)s::text is null or kind = %(search)s::text)
    order by kind, id
    limit %(fetch)s
    """,
    select="""
    select id, kind, channel, locale, subject, text_body, html_body, version, updated_at
    from message_template
    where tenant_id = current_tenant() and id = %(id)s
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
