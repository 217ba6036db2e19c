"""`boka-app`: results on stdout, refusals on stderr with their exit codes."""

import json

import pytest
from boka_app import cli
from boka_app.demo.seed import seed
from boka_app.migrations import runner


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


@pytest.fixture
def shell(fresh_database, monkeypatch):
    """Run a command as the owner of a database without tables, and give its answer."""
    fresh_database.point_commands_here(monkeypatch)
    return lambda *words: cli.main(list(words))


@pytest.mark.postgresql
def test_migrations_are_applied_listed_and_taken_back(shell, capsys):
    names = [migration.name for migration in runner.pending([])]
    codes = [shell("migrate", "up"), shell("migrate", "up"), shell("migrate", "status")]
    told = capsys.readouterr().out.splitlines()
    codes += [shell("migrate", "down-to", "1", "--json"), shell("migrate", "status", "--json")]
    taken_back, status = (json.loads(line) for line in capsys.readouterr().out.splitlines())

    assert codes == [0] * 5
    assert told[:2] == [f"applied {len(names)}: {', '.join(names)}", "nothing pending"]
    assert [line.split()[0] for line in told[2:]] == ["applied"] * len(names)
    assert sorted(taken_back["taken_back"]) == names[1:]
    assert status == {"applied": names[:1], "pending": names[1:]}


@pytest.mark.postgresql
def test_a_command_before_the_migrations_fails_with_3(shell, capsys):
    assert (shell("keys", "list"), capsys.readouterr().err.startswith("boka-app: PostgreSQL: ")) == (3, True)


@pytest.mark.postgresql
def test_a_broken_chain_fails_with_3(shell, fresh_database, capsys):
    shell("migrate", "up")
    shell("switch", "read_only", "on")
    whole = shell("verify-audit")
    with fresh_database.connect() as conn:
        conn.execute("set session_replication_role = replica")  # else the table refuses
        conn.execute("update audit set action = 'nothing.happened'")

    broken = shell("verify-audit")

    assert (whole, broken, capsys.readouterr().err.startswith("boka-app: ")) == (0, 3, True)


@pytest.mark.postgresql
@pytest.mark.parametrize("role", ["booking_app", "booking_owner"])
def test_the_demo_is_seeded_once(database, role):
    with database.connect(role) as conn:
        seed(conn)

        assert sum(seed(conn).values()) == 0
