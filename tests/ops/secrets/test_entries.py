"""Secrets in moto's Secrets Manager: read once, added to, never lost; and each refusal says what to do."""

import json
import logging
import sys
import traceback

import boto3
import pytest
from cloud_account import ACCOUNT, REGION, give_identity, settle
from cryptography import x509
from moto import mock_aws

from ops import cli, preparation
from ops.cloud.aws import Aws, AwsRefused, ForeignAccount
from ops.errors import exit_code_of
from ops.secrets import NoSuchSecret, SecretsUnreadable, Store, catalog
from ops.secrets.entries import Overtaken
from ops.stacks import Stack

PRODUCTION = Stack("production")
IN_CLOUD = set(catalog.of(is_local=False))
VALKEY = {"database/valkey": "the first"}


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Production's settings with its secrets in Secrets Manager, and the entries as the base layer makes them."""
    path = settle(tmp_path, monkeypatch)
    path.write_text(f"{path.read_text()}  boka:secrets_in: secrets-manager\n")
    with mock_aws():
        for entry in catalog.GROUPS:
            client().create_secret(Name=f"boka/production/{entry}")
        token = json.dumps({"id": "key-id", "value": "key-value"})
        client().create_secret(Name="boka/production/cloudflare/backup", SecretString=token)
        yield tmp_path


@pytest.fixture
def files(checkout, monkeypatch):
    """An identity, and recipients, for secrets in the repository."""
    give_identity(checkout, monkeypatch)


@pytest.fixture
def calls(monkeypatch):
    """What AWS is asked, in order; a test may answer in its place."""
    seen, ask = [], Aws.ask

    def asked(self, service, operation, **arguments):
        seen.append(operation)
        return ask(self, service, operation, **arguments)

    monkeypatch.setattr(Aws, "ask", asked)
    return seen


def client():
    return boto3.client("secretsmanager", REGION)


def document(entry):
    # Without the label, moto answers with what was written last by the call that writes and labels at once.
    found = client().get_secret_value(SecretId=f"boka/production/{entry}", VersionStage="AWSCURRENT")
    return json.loads(found["SecretString"])


def keep_in(checkout, place):
    path = checkout / "Pulumi.production.yaml"
    now = "secrets-manager" if place == "repository" else "repository"
    path.write_text(path.read_text().replace(f"secrets_in: {now}", f"secrets_in: {place}"))


def values():
    store = Store(PRODUCTION)
    return {name: store.get(name) for name in store.names()}


def refuse(monkeypatch, operation, code, why):
    """Have AWS say no to an operation: moto knows no permissions here."""
    ask = Aws.ask

    def asked(self, service, asked_for, **arguments):
        if asked_for == operation:
            raise AwsRefused(service, operation, code, why)
        return ask(self, service, asked_for, **arguments)

    monkeypatch.setattr(Aws, "ask", asked)


@pytest.mark.usefixtures("checkout")
def test_every_name_of_a_cloud_stack_is_made_in_the_entry_of_its_group():
    assert set(Store(PRODUCTION).ensure()) == IN_CLOUD
    assert {f"{group}/{key}" for group in ("database", "auth") for key in document(group)} == IN_CLOUD


@pytest.mark.usefixtures("checkout")
def test_a_second_run_makes_nothing_and_writes_no_version(calls):
    Store(PRODUCTION).ensure()
    calls.clear()

    assert Store(PRODUCTION).ensure() == []
    assert not {"put_secret_value", "update_secret_version_stage"} & set(calls)


@pytest.mark.usefixtures("checkout")
def test_what_is_there_is_never_changed():
    client().put_secret_value(SecretId="boka/production/database", SecretString=json.dumps({"valkey": "chosen"}))

    made = Store(PRODUCTION).ensure()

    assert "database/valkey" not in made
    assert Store(PRODUCTION).get("database/valkey") == "chosen"


@pytest.mark.usefixtures("checkout")
def test_an_entry_is_read_once(calls):
    Store(PRODUCTION).ensure()
    calls.clear()
    store = Store(PRODUCTION)

    assert store.get("database/valkey") != store.get("database/postgres")
    assert calls == ["get_secret_value"]


@pytest.mark.usefixtures("checkout")
def test_of_two_first_writers_the_second_takes_the_firsts_values():
    first, second = Store(PRODUCTION), Store(PRODUCTION)
    assert first.names() == second.names() == []  # both have read, neither has written

    assert first.add(VALKEY) == ["database/valkey"]
    assert second.add({"database/valkey": "the second", "database/monitor": "kept"}) == ["database/monitor"]
    assert document("database") == {"valkey": "the first", "monitor": "kept"}
    assert second.get("database/valkey") == "the first"


@pytest.mark.parametrize("present", [{}, {"postgres": "long there"}], ids=["an empty entry", "one that is written"])
@pytest.mark.usefixtures("checkout")
def test_what_another_machine_writes_between_read_and_write_is_not_lost(monkeypatch, present):
    if present:
        client().put_secret_value(SecretId="boka/production/database", SecretString=json.dumps(present))
    ask, others = Aws.ask, [json.dumps(present | {"valkey": "of the other"})]

    def asked(self, service, operation, **arguments):
        if operation == "put_secret_value" and others:
            client().put_secret_value(SecretId="boka/production/database", SecretString=others.pop())
        return ask(self, service, operation, **arguments)

    monkeypatch.setattr(Aws, "ask", asked)

    Store(PRODUCTION).add({"database/valkey": "mine", "database/monitor": "mine"})

    assert document("database") == present | {"valkey": "of the other", "monitor": "mine"}


@pytest.mark.usefixtures("checkout")
def test_whoever_is_overtaken_again_and_again_gives_up_and_loses_nothing(monkeypatch):
    ask, count = Aws.ask, iter(range(100))

    def asked(self, service, operation, **arguments):
        if operation == "put_secret_value":
            told = json.dumps({"valkey": f"of the other {next(count)}"})
            client().put_secret_value(SecretId="boka/production/database", SecretString=told)
        return ask(self, service, operation, **arguments)

    monkeypatch.setattr(Aws, "ask", asked)

    with pytest.raises(Overtaken, match="others wrote to it 5 times"):
        Store(PRODUCTION).add({"database/monitor": "mine"})

    assert document("database") == {"valkey": "of the other 4"}


@pytest.mark.usefixtures("checkout")
def test_cloudflares_token_is_read_with_its_id():
    store = Store(PRODUCTION)

    assert (store.get("cloudflare/backup"), store.get("cloudflare/backup_id")) == ("key-value", "key-id")


def test_cloudflares_token_is_read_from_there_when_the_rest_is_in_the_repository(checkout):
    keep_in(checkout, "repository")

    assert Store(PRODUCTION).get("cloudflare/backup") == "key-value"


@pytest.mark.usefixtures("checkout")
def test_a_token_that_is_not_there_yet_is_refused_with_the_layer_that_makes_it():
    with pytest.raises(SecretsUnreadable, match=r"boka/production/cloudflare/purge: no such entry.*boka up --stack pr"):
        Store(PRODUCTION).get("cloudflare/purge")


@pytest.mark.parametrize("name", ["database/nobody", "cloudflare/nobody", "external/s3_access_key"])
@pytest.mark.usefixtures("checkout")
def test_an_unknown_name_is_refused_with_the_known_ones(name):
    Store(PRODUCTION).ensure()

    with pytest.raises(NoSuchSecret, match=r"it has auth/booking_encryption_key.*cloudflare/certificates"):
        Store(PRODUCTION).get(name)


@pytest.mark.usefixtures("checkout")
def test_without_the_base_layer_the_entry_is_refused_by_name():
    client().delete_secret(SecretId="boka/production/database", ForceDeleteWithoutRecovery=True)

    with pytest.raises(SecretsUnreadable, match=rf"boka/production/database: no such entry in .*{REGION}.*{ACCOUNT}"):
        Store(PRODUCTION).ensure()


@pytest.mark.parametrize("written", [{}, VALKEY], ids=["empty", "written"])
@pytest.mark.usefixtures("checkout")
def test_an_entry_that_is_to_be_deleted_is_refused_with_the_way_back(written):
    Store(PRODUCTION).add(written)
    client().delete_secret(SecretId="boka/production/database")

    with pytest.raises(SecretsUnreadable, match="aws secretsmanager restore-secret --region eu-central-1 --secret-id"):
        Store(PRODUCTION).ensure()


@pytest.mark.parametrize(
    ("operation", "code", "why", "said"),
    [
        pytest.param(
            "get_secret_value", "AccessDeniedException", "User: arn is not authorized", "not allowed", id="to read"
        ),
        pytest.param("put_secret_value", "AccessDeniedException", "no basis for it", "not allowed", id="to write"),
        pytest.param(
            "get_secret_value", "AccessDeniedException", "Access to KMS is not allowed", "KMS key", id="its key"
        ),
        pytest.param("get_secret_value", "DecryptionFailure", "cannot decrypt", "KMS key", id="a disabled key"),
        pytest.param("put_secret_value", "EncryptionFailure", "cannot encrypt", "KMS key", id="a key for writing"),
    ],
)
@pytest.mark.usefixtures("checkout")
def test_what_is_not_allowed_is_refused_by_name(monkeypatch, operation, code, why, said):
    refuse(monkeypatch, operation, code, why)

    with pytest.raises(SecretsUnreadable, match=said) as refused:
        Store(PRODUCTION).ensure()

    assert f"secretsmanager:{operation}" in str(refused.value)
    assert exit_code_of(refused.value) == 5


def test_another_account_is_refused_before_anything_is_read(checkout):
    path = checkout / "Pulumi.production.yaml"
    path.write_text(path.read_text().replace(ACCOUNT, "999988887777"))

    with pytest.raises(ForeignAccount):
        Store(PRODUCTION).ensure()

    assert "SecretString" not in str(client().describe_secret(SecretId="boka/production/database"))


@pytest.mark.parametrize("place", ["secrets-manager", "repository"])
def test_without_credentials_the_entry_is_named(checkout, monkeypatch, place):
    keep_in(checkout, place)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(checkout / "none"))

    with pytest.raises(SecretsUnreadable, match=r"cloudflare/purge: lies in Secrets Manager in eu-central-1\..*Log in"):
        Store(PRODUCTION).get("cloudflare/purge")


@pytest.mark.usefixtures("checkout")
def test_what_is_no_document_is_refused_without_showing_it(caplog):
    client().put_secret_value(SecretId="boka/production/database", SecretString="pa55word{")

    with caplog.at_level(logging.DEBUG, logger="ops"), pytest.raises(SecretsUnreadable) as refused:
        Store(PRODUCTION).get("database/valkey")

    assert "something else than a JSON document" in str(refused.value)
    assert "pa55word" not in "".join(traceback.format_exception(refused.value)) + caplog.text


@pytest.mark.usefixtures("files")
def test_a_stack_that_moves_to_secrets_manager_takes_its_values_along(checkout):
    keep_in(checkout, "repository")
    preparation.ensure_secrets(PRODUCTION)
    before = values()

    keep_in(checkout, "secrets-manager")
    preparation.ensure_secrets(PRODUCTION)

    assert values() == before


@pytest.mark.usefixtures("files")
def test_a_stack_that_moves_to_the_repository_takes_its_values_along(checkout):
    preparation.ensure_secrets(PRODUCTION)
    before = values()

    keep_in(checkout, "repository")
    preparation.ensure_secrets(PRODUCTION)

    assert values() == before
    assert set(before) == IN_CLOUD | {"auth/internal_ca_certificate"}


@pytest.mark.usefixtures("files")
def test_a_first_up_makes_secrets_in_the_repository_before_there_is_an_entry(checkout):
    keep_in(checkout, "repository")
    for entry in catalog.GROUPS:
        client().delete_secret(SecretId=f"boka/production/{entry}", ForceDeleteWithoutRecovery=True)

    preparation.ensure_secrets(PRODUCTION)

    assert set(values()) >= IN_CLOUD


@pytest.mark.usefixtures("checkout")
def test_every_machine_has_the_same_certificate_of_the_authority(tmp_path, monkeypatch):
    preparation.ensure_secrets(PRODUCTION)
    first = (PRODUCTION.authority / "ca.pem").read_bytes()
    monkeypatch.setenv("BOKA_HOME", str(tmp_path / "another machine"))

    assert preparation.ensure_secrets(PRODUCTION) == ["ca/ca.pem"]
    assert (PRODUCTION.authority / "ca.pem").read_bytes() == first
    assert x509.load_pem_x509_certificate(first).public_key()


@pytest.mark.usefixtures("checkout")
def test_boka_secret_prints_one_of_them(monkeypatch, capsys):
    Store(PRODUCTION).add(VALKEY)
    monkeypatch.setattr(sys, "argv", ["boka", "secret", "database/valkey", "--stack", "production"])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert (ended.value.code, *capsys.readouterr()) == (0, "the first\n", "")
