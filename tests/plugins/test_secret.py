import importlib.util
import shutil

import pytest
from ansible.errors import AnsibleLookupError

from ops.secrets import Store
from ops.secrets.store import opened
from ops.stacks import CHECKOUT, Stack

STACK = Stack("t0a1b")


def plugin(kind, name):
    spec = importlib.util.spec_from_file_location(f"{name}_plugin", CHECKOUT / "plugins" / kind / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def lookup(tmp_path, monkeypatch):
    """The lookup as Ansible calls it, on a stack that has secrets."""
    monkeypatch.setenv("BOKA_HOME", str(tmp_path))
    monkeypatch.delenv("BOKA_STACK", raising=False)
    opened.cache_clear()
    Store(STACK).ensure()
    return plugin("lookup", "secret").LookupModule().run


@pytest.fixture
def start():
    """What Ansible calls when a playbook starts."""
    return plugin("callback", "secrets").CallbackModule().v2_playbook_on_start


def test_the_stack_is_the_one_of_the_inventory(lookup):
    assert lookup(["database/valkey"], {"boka_stack": "t0a1b"}) == [Store(STACK).get("database/valkey")]


def test_without_an_inventory_the_stack_is_the_one_of_the_environment(lookup, monkeypatch):
    monkeypatch.setenv("BOKA_STACK", "t0a1b")

    assert lookup(["auth/keepalived"], {}) == [Store(STACK).get("auth/keepalived")]


def test_without_a_stack_it_is_refused(lookup):
    with pytest.raises(AnsibleLookupError, match="no stack named"):
        lookup(["database/valkey"], {})


def test_an_unknown_name_is_refused_with_the_known_ones(lookup):
    with pytest.raises(AnsibleLookupError, match="it has auth/booking_encryption_key"):
        lookup(["database/nobody"], {"boka_stack": "t0a1b"})


def test_what_was_read_when_the_playbook_started_is_not_read_again(lookup, start, monkeypatch):
    monkeypatch.setenv("BOKA_STACK", STACK.name)
    told = Store(STACK).get("database/valkey")

    start(None)
    shutil.rmtree(STACK.secrets)

    assert lookup(["database/valkey"], {}) == [told]


def test_a_playbook_that_needs_no_secret_starts_where_none_can_be_read(lookup, start, monkeypatch):
    monkeypatch.setenv("BOKA_STACK", STACK.name)
    (STACK.secrets / "identity").unlink()

    start(None)

    with pytest.raises(AnsibleLookupError, match="identity that opens the secrets cannot be read"):
        lookup(["database/valkey"], {})
