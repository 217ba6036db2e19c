"""An operator whom no host would let in is told before anything is made."""

import pytest

from ops import settings, stacks
from ops.cloud import operator_key

NAMED = settings.cloud(stacks.named("staging")).operator_keys[0]


@pytest.fixture
def key(tmp_path, monkeypatch):
    monkeypatch.setenv("BOKA_SSH_KEY", str(tmp_path / "id"))
    return tmp_path / "id.pub"


def refusal():
    with pytest.raises(operator_key.Refused) as refused:
        operator_key.refuse_unknown(stacks.named("staging"))
    return str(refused.value)


def test_a_missing_key_is_refused_with_where_it_was_looked_for(key):
    assert f"{key} does not exist" in refusal()


def test_a_key_that_the_settings_do_not_name_is_refused(key):
    key.write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIStranger stranger@example")

    assert "Pulumi.staging.yaml does not name" in refusal()


@pytest.mark.parametrize("named", ["id", "id.pub"])
def test_a_named_key_passes_whatever_its_comment(key, monkeypatch, named):
    key.write_text(" ".join(NAMED.split()[:2]) + " another comment\n")
    monkeypatch.setenv("BOKA_SSH_KEY", str(key.parent / named))

    operator_key.refuse_unknown(stacks.named("staging"))
