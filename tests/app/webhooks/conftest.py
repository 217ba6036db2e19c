"""An endpoint of a tenant, and the program behind it. Real time: receivers refuse signatures of another day."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from app.jobs import work_off
from standins.server import running
from standins.webhook import Webhook

NETWORKS = ("127.0.0.0/8",)


class Hook:
    """One endpoint, made through the API, and what its receiver got."""

    def __init__(self, database, salon, ask, receiver, url):
        self.database, self.salon, self.ask, self.receiver, self.url = database, salon, ask, receiver, url
        made = ask("POST", "webhooks", {"url": f"{url}/in"})
        assert made.status_code == 201, made.json
        self.id, self.tag = made.json["id"], made.headers["ETag"]
        self.secret = self.make_secret()

    def make_secret(self):
        return self.ask("POST", f"webhooks/{self.id}/secret").json["secret"]

    def tell(self, kind="appointment.booked", **payload):
        with self.database.connect() as admin:
            admin.execute(
                "insert into outbox (tenant_id, kind, subject_id, payload) values (%s, %s, %s, %s)",
                [self.salon.id, kind, uuid4(), Jsonb(payload)],
            )

    def deliver(self, now=None, **changes):
        """Carry out what waits, repetitions among it; return what the receiver has got by now."""
        options, moment = {"webhook_networks": NETWORKS} | changes, now or datetime.now(UTC)
        with self.database.connect() as admin:
            admin.execute("update procrastinate_jobs set scheduled_at = null where status = 'todo'")
        work_off(self.database, self.salon.id, moment, **options)
        return [json.loads(request.body) for request in self.receiver.recorded]

    def states(self):
        rows = self.ask("GET", f"webhooks/{self.id}/deliveries").json["items"]
        return [(row["status"], row["attempts"], row["failure"]) for row in rows]

    def read(self):
        return self.ask("GET", f"webhooks/{self.id}").json


@pytest.fixture
def hook(database, salon, ask):
    receiver = Webhook()
    with running(receiver) as url:
        yield Hook(database, salon, ask, receiver, url)
