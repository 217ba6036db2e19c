"""The command line of identity, as an operator types it."""

import io
import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from argon2 import PasswordHasher
from boka_app import cli, command

from app.identity.conftest import bearer

pytestmark = pytest.mark.postgresql


@pytest.fixture
def boka(database, monkeypatch, capsys, tmp_path):
    """Run a command as the service's role; return exit code and facts, or what was said."""
    connect = SimpleNamespace(
        connect_kwargs=lambda application: database.as_role("booking_app") | {"application_name": application}
    )
    monkeypatch.setattr(command, "load_database", lambda _env: connect)
    for name in ("signing_key", "encryption_key", "database_password"):
        (tmp_path / name).write_text("0123456789abcdef" * 2)
    given = {"CREDENTIALS_DIRECTORY": tmp_path, "BOKA_PUBLIC_URL": "https://boka.test", "BOKA_DATABASE_HOST": "db"}
    for name, value in given.items():
        monkeypatch.setenv(name, str(value))

    def run(*argv):
        code = cli.main([*argv, "--json"])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else said.err

    return run


def test_an_administrator_is_made_with_a_password_that_is_shown_once(boka, admin):
    code, made = boka("admin", "create", "Root@Example.org")

    row = admin.execute("select password_hash, platform_admin from account where id = %s", [made["id"]]).fetchone()
    assert (code, row[1], PasswordHasher().verify(row[0], made["password"])) == (0, True, True)
    assert boka("admin", "create", "root@example.org")[1]["password"] is None


def test_a_password_may_come_by_stdin(boka, admin, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("Hafen-Regen-17-Kutter\n"))
    _, made = boka("admin", "create", "stdin@example.org", "--password-stdin")

    (stored,) = admin.execute("select password_hash from account where id = %s", [made["id"]]).fetchone()
    assert (made["password"], PasswordHasher().verify(stored, "Hafen-Regen-17-Kutter")) == (None, True)


def test_a_weak_password_is_refused_with_5(boka, monkeypatch, admin):
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    code, said = boka("admin", "create", "weak@example.org", "--password-stdin")

    assert (code, "12 to 256" in said) == (5, True)
    assert admin.execute("select 1 from account where email = 'weak@example.org'").fetchone() is None


def test_administrators_are_listed_and_revoked(boka):
    boka("admin", "create", "gone@example.org")
    before = boka("admin", "list")[1]["admins"]
    revoked = boka("admin", "revoke", "gone@example.org")

    assert "gone@example.org" in [row["email"] for row in before]
    assert revoked == (0, {"email": "gone@example.org", "changed": True})
    assert "gone@example.org" not in [row["email"] for row in boka("admin", "list")[1]["admins"]]


def test_somebody_unknown_is_refused_with_5(boka):
    assert boka("admin", "revoke", "nobody@example.org")[0] == 5


def test_a_link_sets_a_password(boka, account, talk, admin):
    admin.execute("update account set password_changed_at = %s where id = %s", [datetime.now(UTC), account.id])
    _, reset = boka("admin", "reset-password", account.email)

    async def conversation(service):
        service.now = datetime.now(UTC)
        token = reset["link"].removeprefix("https://boka.test/staff/password/")
        return await service.post("/api/auth/password", {"token": token, "password": "Blumen-am-Fenster-9"})

    assert talk(conversation, signing_keys=(b"0123456789abcdef" * 2,)).status_code == 204


def test_an_emergency_key_opens_the_platform_until_it_is_revoked(boka, talk):
    _, made = boka("keys", "emergency", "--reason", "log-in is down")
    header = {"Authorization": f"Bearer {made['secret']}"}
    before = talk(lambda service: service.send("GET", "/api/admin/admins", headers=header)).status_code
    listed = [key["id"] for key in boka("keys", "list")[1]["keys"]]
    revoked = boka("keys", "revoke", made["key"]["id"])

    after = talk(lambda service: service.send("GET", "/api/admin/admins", headers=header)).status_code
    assert (before, made["key"]["id"] in listed, revoked, after) == (200, True, (0, {"revoked": 1}), 401)


def test_an_account_is_logged_out_everywhere(boka, talk, account):
    async def conversation(service):
        tokens = await service.log_in(account)
        return tokens, await service.send("GET", "/api/account", headers=bearer(tokens))

    tokens, before = talk(conversation)
    ended = boka("sessions", "force-logout", account.email)[1]["ended"]
    after = talk(lambda service: service.send("GET", "/api/account", headers=bearer(tokens)))
    assert (before.status_code, ended, after.status_code) == (200, 1, 401)


def test_old_sessions_and_attempts_are_forgotten(boka, admin, account):
    session = (
        "insert into account_session (id, account_id, secret_hash, expires_at)"
        " values (gen_random_uuid(), %s, sha256(%s), now() - make_interval(days => %s))"
    )
    attempt = (
        "insert into login_attempt (at, account_id, email_hash, address, outcome)"
        " values (now() - make_interval(days => %s), %s, '', '', %s)"
    )
    for days in (29, 31):
        admin.execute(session, [account.id, f"{account.id}{days}".encode(), days])
    for days, outcome in [(29, "wrong_password"), (31, "wrong_password"), (89, "succeeded"), (91, "succeeded")]:
        admin.execute(attempt, [days, account.id, outcome])
    boka("sessions", "clean")

    sessions = admin.execute("select count(*) from account_session where account_id = %s", [account.id]).fetchone()
    attempts = admin.execute("select count(*) from login_attempt where account_id = %s", [account.id]).fetchone()
    assert (sessions, attempts) == ((1,), (2,))


def test_a_locked_account_is_listed_and_unlocked(boka, admin, account):
    admin.execute("update account set failed_logins = 60, locked_until = '2030-01-01' where id = %s", [account.id])
    listed = boka("locked", "list")[1]["locked_accounts"]
    unlocked = boka("locked", "unlock", account.email)

    assert account.email in [row["email"] for row in listed]
    assert unlocked == (0, {"email": account.email, "changed": True})


def test_addresses_of_failed_log_ins_are_listed(boka, admin):
    admin.execute("insert into login_attempt (email_hash, address, outcome) values ('', '192.0.2.99', 'unknown')")

    assert "192.0.2.99" in [row["address"] for row in boka("failed-logins")[1]["failed_logins"]]


def test_a_switch_is_turned(boka, admin):
    boka("switch", "read_only", "on", "--reason", "a test")
    on = admin.execute("select enabled, reason from platform_switch where name = 'read_only'").fetchone()
    boka("switch", "read_only", "off")

    assert on == (True, "a test")


def test_what_the_command_line_does_is_audited_as_the_operators(boka, admin):
    _, made = boka("admin", "create", "audited@example.org")

    row = admin.execute("select action, actor_kind from audit where subject_id = %s", [made["id"]]).fetchone()
    assert row == ("admin.made", "operator")


def test_a_list_is_a_table_for_people(boka, capsys):
    boka("admin", "create", "table@example.org")
    cli.main(["admin", "list"])

    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["id", "email", "name", "mfa", "active", "last_login_at"]
    assert any("table@example.org" in row for row in rows)
