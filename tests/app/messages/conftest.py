"""A post office: the service's worker, and a mail server that keeps what it gets."""

from datetime import timedelta

import pytest
from boka_app.messages.jobs import sweep_notifications
from boka_app.settings import MailSettings

from app.builders import NOW
from app.jobs import run_clock, work_off
from standins.smtp import Smtp, serving


class PostOffice:
    def __init__(self, database, salon, smtp, port):
        self.database, self.salon, self.smtp = database, salon, smtp
        self.mail = MailSettings(
            host="127.0.0.1", port=port, tls="none", user="", sender="no-reply@boka.test", password=None
        )

    def deliver(self, now=NOW, **changes):
        """Carry out what waits now, what became due among it."""
        options = {"mail": self.mail, "webhook_networks": ("127.0.0.0/8",)} | changes
        with self.database.connect() as admin:
            admin.execute("update procrastinate_jobs set scheduled_at = null where status = 'todo'")
        run_clock(self.database, sweep_notifications, now, **options)
        work_off(self.database, self.salon.id, now, **options)
        return self.smtp.messages

    def notifications(self, kind=None):
        with self.database.connect() as admin:
            rows = admin.execute(
                "select kind, channel, status, attempts, failure from notification"
                " where tenant_id = %s order by due_at",
                [self.salon.id],
            ).fetchall()
        return [row[1:] for row in rows if kind is None or row[0] == kind]


@pytest.fixture
def office(database, salon):
    smtp = Smtp()
    with serving(smtp) as port:
        yield PostOffice(database, salon, smtp, port)


@pytest.fixture
def later():
    return lambda **span: NOW + timedelta(**span)
