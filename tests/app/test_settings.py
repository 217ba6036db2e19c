"""What is refused before anything starts, and how it is said."""

import pytest
from boka_app.settings import SettingsError, load, load_database, load_server


@pytest.fixture
def env(tmp_path):
    (tmp_path / "database_password").write_text("secret\n")
    (tmp_path / "signing_key").write_text("q7Jx2mVt9Lr4Zb8Nc5Hd1Kf6Gs3Wp0Ya\n")
    (tmp_path / "encryption_key").write_text("q7Jx2mVt9Lr4Zb8Nc5Hd1Kf6Gs3Wp0Ya\n")
    return {
        "BOKA_DATABASE_HOST": "db1",
        "BOKA_PUBLIC_URL": "https://boka.test/",
        "CREDENTIALS_DIRECTORY": str(tmp_path),
    }


def test_defaults_are_the_safe_ones(env):
    settings = load(env)

    assert (settings.database.sslmode, settings.database.user) == ("verify-full", "booking_app")
    assert settings.public_url == "https://boka.test"
    assert settings.trusted_proxies == ("127.0.0.1", "::1")


def test_a_secret_loses_its_line_end(env):
    assert load(env).database.password == "secret"


def test_secrets_are_not_in_the_text_of_the_settings(env):
    assert "secret" not in repr(load(env))
    assert "q7Jx2" not in repr(load(env))


def test_a_socket_needs_no_password():
    socket = {"BOKA_DATABASE_HOST": "/run/postgresql"}

    assert load_database(socket).password is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({"BOKA_DATABASE_HOST": ""}, "BOKA_DATABASE_HOST is not set", id="no host"),
        pytest.param({"BOKA_DATABASE_PORT": "70000"}, "BOKA_DATABASE_PORT is '70000'", id="port too high"),
        pytest.param({"BOKA_DATABASE_SSLMODE": "yes"}, "BOKA_DATABASE_SSLMODE is 'yes'", id="no such mode"),
        pytest.param({"BOKA_PUBLIC_URL": "boka.test"}, "BOKA_PUBLIC_URL is 'boka.test'", id="no scheme"),
        pytest.param({"BOKA_RELEASE": "a b"}, "BOKA_RELEASE is 'a b'", id="a space in the release"),
        pytest.param({"CREDENTIALS_DIRECTORY": ""}, "CREDENTIALS_DIRECTORY is not set", id="no credentials"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(env, change, told):
    with pytest.raises(SettingsError, match=told):
        load(env | change)


@pytest.mark.parametrize("key", ["", "short", "a" * 64], ids=["empty", "short", "one letter"])
def test_a_weak_key_is_refused_without_being_shown(env, tmp_path, key):
    (tmp_path / "signing_key").write_text(key)

    with pytest.raises(SettingsError, match="openssl rand") as refused:
        load(env)

    assert key == "" or key not in str(refused.value)


@pytest.mark.parametrize("workers", ["0", "-1", "two", "65"])
def test_a_senseless_number_of_workers_is_refused(workers):
    with pytest.raises(SettingsError, match=f"BOKA_WORKERS is '{workers}'"):
        load_server({"BOKA_WORKERS": workers})
