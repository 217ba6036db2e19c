"""A salon whose employee has a calendar at a stand-in."""

import contextlib
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from boka_app.calendars import registry
from boka_app.calendars.model import Feed, Grant
from boka_app.settings import ProviderSettings
from boka_app.vault import Vault
from psycopg import sql
from psycopg.rows import dict_row

from app.builders import NOW, at
from app.conftest import settings
from app.jobs import work_off
from standins.google import Google
from standins.ics import Ics
from standins.microsoft import Microsoft
from standins.oauth import CLIENT_ID, CLIENT_SECRET
from standins.server import running

VERIFIER = "v" * 64
_ORDER = """
select procrastinate_defer_jobs_v1(array[row(
    'default', 'sync_calendar', 0, null, null,
    jsonb_build_object('tenant_id', %(tenant_id)s::text, 'subject_id', %(id)s::text), null
)::procrastinate_job_to_defer_v1])
"""


class Linked:
    """One connection between the salon's employee and a stand-in."""

    def __init__(self, remote, salon, admin, database):
        self.remote, self.salon, self.admin, self.database = remote, salon, admin, database
        self.id = uuid4()
        self.now = NOW
        self.settings = {"webhook_networks": ("127.0.0.0/8",)}
        if isinstance(remote, Google | Microsoft):
            self.settings[remote.name] = ProviderSettings(
                **remote.settings, client_id=CLIENT_ID, client_secret=CLIENT_SECRET
            )

    def connect(self, *, writes=False, secret=None):
        sealed = Vault(*settings().encryption_keys).seal(msgspec.json.encode(secret or self._grant()).decode())
        self.admin.execute(
            "insert into calendar_connection"
            " (tenant_id, id, employee_id, provider, status, credentials, writes_events, next_sync_at)"
            " values (%s, %s, %s, %s, 'connecting', %s, %s, %s)",
            [self.salon.id, self.id, self.salon.employee_ids[0], self.remote.name, sealed, writes, NOW],
        )
        return self

    def _grant(self):
        whole = settings(**self.settings)
        provider = registry.provider(whole, self.remote.name)
        page = provider.authorize_url(state="s", verifier=VERIFIER)
        answer = httpx.get(page)
        return Grant(code=parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0], verifier=VERIFIER)

    def sync(self, *, later=timedelta()):
        """Let time pass and the worker do whatever is due."""
        self.now += later
        self.order()
        self.work()

    def order(self):
        self.admin.execute(_ORDER, {"tenant_id": str(self.salon.id), "id": str(self.id)})

    def work(self):
        work_off(self.database, self.salon.id, self.now, **self.settings)

    def row(self, *columns):
        with self.admin.cursor(row_factory=dict_row) as cur:
            found = cur.execute("select * from calendar_connection where id = %s", [self.id]).fetchone()
        values = tuple(found[column] for column in columns) if found else (None,)
        return values[0] if len(values) == 1 else values

    @property
    def busy(self):
        rows = self.admin.execute(
            "select starts_at, ends_at from external_busy where connection_id = %s order by starts_at", [self.id]
        ).fetchall()
        return [tuple(row) for row in rows]

    @property
    def calendar_version(self):
        return self.admin.execute(
            "select calendar_version from employee where id = %s", [self.salon.employee_ids[0]]
        ).fetchone()[0]

    def book(self, hour, **columns):
        """Put a visit into the rows, and tell of it as booking does."""
        customer, visit = uuid4(), uuid4()
        self.admin.execute(
            "insert into customer (tenant_id, id, name, email) values (%s, %s, 'Zoë Zimmer', 'zoe@example.org')",
            [self.salon.id, customer],
        )
        values = {
            "tenant_id": self.salon.id,
            "id": visit,
            "service_id": self.salon.service_id,
            "employee_id": self.salon.employee_ids[0],
            "customer_id": customer,
            "starts_at": at(hour),
            "ends_at": at(hour, 30),
            "occupied_from": at(hour),
            "occupied_until": at(hour, 30),
        } | columns
        statement = sql.SQL("insert into appointment ({}) values ({})").format(
            sql.SQL(", ").join(map(sql.Identifier, values)), sql.SQL(", ").join([sql.Placeholder()] * len(values))
        )
        self.admin.execute(statement, list(values.values()))
        self.tell("appointment.booked", visit)
        return visit

    def change(self, visit: UUID, kind: str, **columns):
        settings = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in columns)
        statement = sql.SQL("update appointment set {} where id = %s").format(settings)
        self.admin.execute(statement, [*columns.values(), visit])
        self.tell(kind, visit)

    def tell(self, kind, visit):
        self.admin.execute(
            "insert into outbox (tenant_id, kind, subject_id) values (%s, %s, %s)", [self.salon.id, kind, visit]
        )


@contextlib.contextmanager
def linked(remote, salon, admin, database):
    with running(remote):
        yield Linked(remote, salon, admin, database)


@pytest.fixture(params=[Google, Microsoft], ids=lambda kind: kind.name)
def account(request, salon, admin, database):
    """An account at each provider in turn: what holds for one must hold for both."""
    with linked(request.param(), salon, admin, database) as found:
        yield found


@pytest.fixture
def feed(salon, admin, database):
    """A published calendar."""
    with linked(Ics(), salon, admin, database) as found:
        yield found.connect(secret=Feed(url=f"{found.remote.url}/calendar.ics"))
