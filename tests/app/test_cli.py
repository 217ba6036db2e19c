"""`boka-app`: results on stdout, refusals on stderr with their exit codes."""

import json

import pytest
from boka_app import cli
from boka_app.demo.seed import seed


def test_a_missing_setting_is_refused_with_5(capsys, monkeypatch):
    monkeypatch.delenv("BOKA_DATABASE_HOST", raising=False)

    code = cli.main(["migrate", "up"])

    assert (code, "BOKA_DATABASE_HOST is not set" in capsys.readouterr().err) == (5, True)


def test_a_database_out_of_reach_is_told_with_4(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("BOKA_DATABASE_HOST", str(tmp_path))
    monkeypatch.setenv("BOKA_DATABASE_SSLMODE", "disable")

    code = cli.main(["migrate", "status", "--json"])

    assert (code, capsys.readouterr().out) == (4, "")


def test_the_document_is_printed(capsys):
    cli.main(["openapi"])

    assert json.loads(capsys.readouterr().out)["openapi"] == "3.1.0"


@pytest.mark.postgresql
@pytest.mark.parametrize("role", ["booking_app", "booking_owner"])
def test_the_demo_is_seeded_once(database, role):
    with database.connect(role) as conn:
        seed(conn)

        assert sum(seed(conn).values()) == 0
