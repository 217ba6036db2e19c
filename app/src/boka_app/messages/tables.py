"""What staff see and edit of messages: each kind of row with how it is found."""

from datetime import datetime
from uuid import UUID

from boka_app.conventions.table import Table
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
    row=OwnTemplate,
    new=NewTemplate,
    source="message_template",
    sorted_by="kind",
    search="kind = %(search)s::text",
    event=None,
)

NOTIFICATIONS = Table(
    kind="notification",
    noun="message",
    needs="messages",
    row=Notification,
    sorted_by="created_at",
    newest_first=True,
    search="(status = %(search)s::text or kind = %(search)s::text)",
)
