import pytest

from ops.secrets import NoSuchSecret, SecretsUnreadable, Store, age, catalog
from ops.stacks import Stack


@pytest.fixture
def made(stack):
    Store(stack).ensure()
    return stack


def values(stack):
    store = Store(stack)
    return {name: store.get(name) for name in store.names()}


def test_every_name_of_the_catalog_is_made(made):
    assert set(values(made)) == set(catalog.CATALOG)


def test_every_secret_is_another(made):
    assert len(set(values(made).values())) == len(catalog.CATALOG)


def test_a_second_run_makes_and_changes_nothing(made):
    before = {path: path.read_bytes() for path in made.secrets.iterdir()}

    assert Store(made).ensure() == []
    assert {path: path.read_bytes() for path in made.secrets.iterdir()} == before


def test_a_newer_version_adds_its_names_and_keeps_the_others(made, monkeypatch):
    before = values(made)
    monkeypatch.setattr("ops.secrets.catalog.CATALOG", {**catalog.CATALOG, "auth/new": lambda: "value"})

    assert Store(made).ensure() == ["auth/new"]
    assert values(made) == {**before, "auth/new": "value"}


def test_nothing_is_on_the_disk_in_clear(made):
    secrets = values(made).values()
    text = "".join(path.read_text() for path in made.secrets.iterdir())

    assert not [secret for secret in secrets if secret in text]


def test_the_files_are_their_owners_only(made):
    assert {oct(path.stat().st_mode)[-3:] for path in made.secrets.iterdir()} == {"600"}


def test_another_identity_is_refused(made):
    (made.secrets / "identity").write_text(age.make_identity() + "\n")

    with pytest.raises(
        SecretsUnreadable, match=r"database\.age: is damaged, or encrypted to another identity"
    ) as refused:
        Store(made).get("database/valkey")

    assert refused.value.exit_code == 5


def test_a_lost_identity_is_refused_and_not_made_anew(made):
    (made.secrets / "identity").unlink()

    with pytest.raises(SecretsUnreadable, match="identity that opens the secrets cannot be read"):
        Store(made).ensure()


def test_a_damaged_file_is_refused(made):
    (made.secrets / "auth.age").write_bytes(b"-----BEGIN AGE")

    with pytest.raises(SecretsUnreadable, match=r"auth\.age: is damaged"):
        Store(made).get("auth/keepalived")


@pytest.mark.parametrize("name", ["database/nobody", "nobody/valkey", "cloudflare/certificates", "valkey", ""])
def test_an_unknown_name_is_refused(made, name):
    with pytest.raises(NoSuchSecret, match="it has auth/booking_encryption_key, "):
        Store(made).get(name)


def test_production_takes_its_identity_from_the_variable(monkeypatch, tmp_path):
    monkeypatch.setattr("ops.stacks.CHECKOUT", tmp_path)
    identity = age.make_identity()
    (tmp_path / "key").write_text(identity)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "recipients.txt").write_text(f"# operators\n{age.public_key(identity)}\n")
    monkeypatch.setenv("BOKA_AGE_KEY_FILE", str(tmp_path / "key"))

    Store(Stack("production")).ensure()

    assert Store(Stack("production")).get("auth/booking_signing_key")
    assert (tmp_path / "secrets" / "production" / "auth.age").exists()


def test_production_without_recipients_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr("ops.stacks.CHECKOUT", tmp_path)

    with pytest.raises(SecretsUnreadable, match="names no recipient"):
        Store(Stack("production")).ensure()


def test_recipients_without_our_own_key_are_refused_before_anything_is_written(monkeypatch, tmp_path):
    monkeypatch.setattr("ops.stacks.CHECKOUT", tmp_path)
    (tmp_path / "key").write_text(age.make_identity())
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "recipients.txt").write_text(age.public_key(age.make_identity()))
    monkeypatch.setenv("BOKA_AGE_KEY_FILE", str(tmp_path / "key"))

    with pytest.raises(SecretsUnreadable, match=r"recipients\.txt: does not name age1.*, the key of .*/key"):
        Store(Stack("production")).ensure()

    assert not (tmp_path / "secrets" / "production").exists()
