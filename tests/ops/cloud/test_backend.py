"""Where a cloud stack's state lies follows from its settings, and a file made for another account is refused."""

import shlex

import pytest
from cloud_account import ACCOUNT, settle

from ops import engine, settings
from ops.cloud import backend
from ops.commands.env import Exports
from ops.errors import Refused
from ops.removal import Lasting, refuse_lasting
from ops.stacks import Stack

PROVIDER = "awskms://alias/boka-production-state?region=eu-central-1"


@pytest.fixture
def file(tmp_path, monkeypatch):
    return settle(tmp_path, monkeypatch)


def seal(file, provider):
    file.write_text(file.read_text().replace("config:", f"secretsprovider: {provider}\nencryptedkey: AQID\nconfig:"))


@pytest.mark.usefixtures("file")
def test_the_state_lies_in_the_accounts_own_bucket():
    found = backend.of(settings.cloud(Stack("production")))

    assert found.url == f"s3://boka-production-state-{ACCOUNT}?region=eu-central-1"


@pytest.mark.usefixtures("file")
def test_a_stack_without_a_place_for_its_state_is_refused_with_the_verb_that_makes_it():
    with pytest.raises(Refused, match="Make it: boka init production"):
        backend.required(Stack("production"))


def test_a_stack_with_one_has_its_secrets_under_the_kms_key(file):
    seal(file, PROVIDER)

    assert backend.required(Stack("production")) == PROVIDER


def test_a_file_that_was_sealed_for_another_region_is_refused_with_both(file):
    seal(file, PROVIDER.replace("eu-central-1", "eu-west-1"))

    with pytest.raises(Refused, match=r"secretsprovider is awskms.*eu-west-1; .* make it awskms.*eu-central-1"):
        backend.required(Stack("production"))


@pytest.mark.usefixtures("file")
def test_a_bare_pulumi_gets_the_same_backend(monkeypatch, tmp_path):
    monkeypatch.setattr("tools.ensure", lambda _: tmp_path)

    found = engine.environment(Stack("production"))

    assert found["PULUMI_BACKEND_URL"] == f"s3://boka-production-state-{ACCOUNT}?region=eu-central-1"
    assert "PULUMI_CONFIG_PASSPHRASE" not in found
    assert shlex.split(Exports(found).lines()[0])[0] == "export"


@pytest.mark.usefixtures("file")
def test_production_is_not_taken_down():
    with pytest.raises(Lasting, match="does not set boka:throwaway"):
        refuse_lasting(Stack("production"))


def test_a_local_stack_may_go(stack):
    refuse_lasting(stack)
