"""An operator exports and erases a person, and verifies the audit, from the command line."""

import json

import pytest
from boka_app import cli

pytestmark = pytest.mark.postgresql


@pytest.fixture
def run(database, monkeypatch, capsys):
    """Run `boka-app` on the tests' database; return its exit code and what it printed."""
    host, name = database.kwargs["host"], database.kwargs["dbname"]
    variables = {"HOST": host, "NAME": name, "USER": database.kwargs["user"], "SSLMODE": "disable"}
    for key, value in variables.items():
        monkeypatch.setenv(f"BOKA_DATABASE_{key}", value)

    def call(*argv):
        code = cli.main([*argv, "--json"])
        out, err = capsys.readouterr()
        return code, json.loads(out) if code == 0 else err

    return call


@pytest.fixture
def customer_id(ask, book):
    """Somebody who booked."""
    assert book().status_code == 201
    return ask("GET", "customers").json["items"][0]["id"]


def test_everything_held_is_printed(run, salon, customer_id):
    code, held = run("export-customer", salon.slug, customer_id)

    assert (code, held["customer"]["email"], len(held["appointments"])) == (0, "zoe@example.org", 1)


def test_somebody_still_expected_is_refused_with_5(run, admin, salon, customer_id):
    admin.execute(
        """
        update appointment
        set starts_at = now() + interval '1 hour', ends_at = now() + interval '2 hours',
            occupied_from = now() + interval '1 hour', occupied_until = now() + interval '2 hours'
        where tenant_id = %s
        """,
        [salon.id],
    )

    code, text = run("erase-customer", salon.slug, customer_id, "--yes")

    assert (code, "cancel them, then erase" in text) == (5, True)


def test_a_person_is_erased(run, admin, salon, customer_id):
    admin.execute("update appointment set status = 'cancelled' where tenant_id = %s", [salon.id])

    code, erased = run("erase-customer", salon.slug, customer_id, "--yes")

    assert (code, erased["appointments"]) == (0, 1)
    assert admin.execute("select name from customer where id = %s", [customer_id]).fetchone() == ("Erased",)
    assert run("verify-audit", "--tenant", salon.slug)[0] == 0


def test_erasing_wants_to_be_meant(run, salon, customer_id):
    with pytest.raises(SystemExit) as refused:
        run("erase-customer", salon.slug, customer_id)

    assert refused.value.code == 2


def test_a_broken_chain_is_told_with_3(run, admin, salon, customer_id):  # noqa: ARG001  a booking was audited
    with admin.transaction():
        admin.execute("set local session_replication_role = replica")
        admin.execute("update audit set action = 'nothing' where tenant_id = %s and position = 1", [salon.id])

    code, text = run("verify-audit", "--tenant", salon.slug)

    assert (code, f"{salon.slug} at position 1" in text) == (3, True)
