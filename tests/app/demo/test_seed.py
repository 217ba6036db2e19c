import asyncio
import io
import json
from datetime import date
from urllib.parse import urlencode

import pytest
from boka_app import cli
from boka_app.demo.load import load
from boka_app.demo.seed import OWNER, seed
from boka_app.identity import passwords

from app.builders import NOW

pytestmark = pytest.mark.postgresql


@pytest.fixture
def shell(database, monkeypatch):
    """Point the command at the test's database."""
    database.point_commands_here(monkeypatch)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    return lambda *words: cli.main([*words, "--json"])


def test_the_demo_has_every_kind_of_service(database, admin):
    with database.connect("booking_owner") as conn:
        seed(conn, today=date(2026, 11, 21))

    rows = admin.execute(
        "select s.name, s.assignment, s.payment, s.capacity from service s join tenant t on t.id = s.tenant_id"
        " where t.slug = 'demo' order by s.position"
    ).fetchall()
    assert [tuple(row) for row in rows] == [
        ("Haircut", "any", "none", 1),
        ("Colour and cut", "any", "deposit", 1),
        ("Beard trim", "round_robin", "none", 1),
        ("Plaiting workshop", "any", "none", 8),
    ]


def test_the_demo_can_be_booked_but_not_on_closed_days(database, serve):
    with database.connect("booking_owner") as conn:
        seed(conn, today=date(2026, 11, 21))

    async def talk(client):
        services = (await client.simulate_get("/api/tenants/demo/services")).json
        found = {}
        for service in services["items"] if isinstance(services, dict) else services:
            query = urlencode({"service": service["id"], "from": "2026-12-21", "to": "2026-12-31"})
            slots = (await client.simulate_get(f"/api/tenants/demo/slots?{query}")).json["slots"]
            found[service["name"]] = {slot["starts_at"][:10] for slot in slots}
        return found

    days_by_service = serve(talk)

    assert all(days_by_service.values())
    assert {"2026-12-24", "2026-12-25", "2026-12-31"}.isdisjoint(set().union(*days_by_service.values()))


def test_the_owner_logs_in_with_the_password_that_was_shown(shell, admin, capsys):
    assert shell("seed-demo", "--make-password") == 0

    told = json.loads(capsys.readouterr().out)
    stored, role = admin.execute(
        "select a.password_hash, m.role from account a join membership m on m.account_id = a.id where a.email = %s",
        [OWNER],
    ).fetchone()
    assert role == "owner"
    assert asyncio.run(passwords.matches(stored, told["password"]))


def test_an_owner_who_is_there_keeps_the_password(shell, admin, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    shell("seed-demo", "--password-stdin")
    before = admin.execute("select password_hash from account where email = %s", [OWNER]).fetchone()
    capsys.readouterr()

    shell("seed-demo", "--make-password")

    assert "password" not in json.loads(capsys.readouterr().out)
    assert admin.execute("select password_hash from account where email = %s", [OWNER]).fetchone() == before


def test_a_load_is_spread_without_overlap(database, admin):
    with database.connect("booking_app") as conn:
        slugs = load(conn, tenants=2, employees=3, appointments=25_001, now=NOW)

    rows = admin.execute(
        "select t.slug, count(*), count(distinct a.employee_id), min(a.status), max(a.status)"
        " from appointment a join tenant t on t.id = a.tenant_id where t.slug = any(%s) group by 1",
        [slugs],
    ).fetchall()
    assert sorted(tuple(row)[1:] for row in rows) == [
        (12_500, 3, "completed", "confirmed"),
        (12_501, 3, "completed", "confirmed"),
    ]


def test_a_load_is_made_by_command_and_told(shell, admin, capsys):
    assert shell("seed-load", "--tenants", "2", "--employees", "1", "--appointments", "7") == 0

    told = json.loads(capsys.readouterr().out)
    visits = admin.execute(
        "select count(*) from appointment a join tenant t on t.id = a.tenant_id where t.slug = any(%s)", [told["slugs"]]
    ).fetchone()[0]
    assert (len(told["slugs"]), visits) == (2, 7)


@pytest.mark.parametrize("count", ["0", "10000001", "many"])
def test_a_load_of_no_size_is_refused(shell, count):
    with pytest.raises(SystemExit) as refused:
        shell("seed-load", "--tenants", count)

    assert refused.value.code == 2
