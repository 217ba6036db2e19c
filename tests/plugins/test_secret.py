import importlib.util

import pytest
from ansible.errors import AnsibleLookupError

from ops.secrets import Store
from ops.stacks import CHECKOUT, Stack


@pytest.fixture
def lookup(tmp_path, monkeypatch):
    """The lookup as Ansible calls it, on a stack that has secrets."""
    monkeypatch.setenv("BOKA_HOME", str(tmp_path))
    monkeypatch.delenv("BOKA_STACK", raising=False)
    Store(Stack("t0a1b")).ensure()
    spec = importlib.util.spec_from_file_location("secret_plugin", CHECKOUT / "plugins" / "lookup" / "secret.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.LookupModule().run


def test_the_stack_is_the_one_of_the_inventory(lookup):
    assert lookup(["database/valkey"], {"boka_stack": "t0a1b"}) == [Store(Stack("t0a1b")).get("database/valkey")]


def test_without_an_inventory_the_stack_is_the_one_of_the_environment(lookup, monkeypatch):
    monkeypatch.setenv("BOKA_STACK", "t0a1b")

    assert lookup(["auth/keepalived"], {}) == [Store(Stack("t0a1b")).get("auth/keepalived")]


def test_without_a_stack_it_is_refused(lookup):
    with pytest.raises(AnsibleLookupError, match="no stack named"):
        lookup(["database/valkey"], {})


def test_an_unknown_name_is_refused_with_the_known_ones(lookup):
    with pytest.raises(AnsibleLookupError, match="it has auth/booking_encryption_key"):
        lookup(["database/nobody"], {"boka_stack": "t0a1b"})
