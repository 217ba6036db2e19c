"""Every role has the whole contract: its files, and defaults that its argument specification repeats."""

from pathlib import Path

import pytest
import yaml

ROLES = sorted(path for path in (Path(__file__).parents[2] / "roles").iterdir() if path.is_dir())
FILES = (
    "README.md",
    "defaults/main.yml",
    "meta/main.yml",
    "meta/argument_specs.yml",
    "vars/main.yml",
    "handlers/main.yml",
    *(f"tasks/{step}.yml" for step in ("main", "preflight", "install", "configure", "service", "verify")),
)
# It makes files for other roles' daemons and runs none.
WITHOUT_DAEMON = {"host_certificate": {"tasks/service.yml"}}
KINDS = ("tasks", "templates", "handlers", "defaults", "vars")
ids = {"ids": lambda role: role.name}


def loaded(file: Path):
    return yaml.safe_load(file.read_text()) or {}


@pytest.mark.parametrize("role", ROLES, **ids)
def test_a_role_has_every_file_of_the_contract(role):
    wanted = set(FILES) - WITHOUT_DAEMON.get(role.name, set())

    assert {name for name in wanted if not (role / name).exists()} == set()


@pytest.mark.parametrize("role", ROLES, **ids)
def test_defaults_and_argument_specification_say_the_same(role):
    defaults = loaded(role / "defaults" / "main.yml")
    options = loaded(role / "meta" / "argument_specs.yml")["argument_specs"]["main"].get("options", {})
    optional = {name: option["default"] for name, option in options.items() if not option.get("required")}

    assert optional == defaults


@pytest.mark.parametrize("role", ROLES, **ids)
def test_every_option_is_typed_and_described(role):
    options = loaded(role / "meta" / "argument_specs.yml")["argument_specs"]["main"].get("options", {})

    assert [name for name, option in options.items() if not (option.get("type") and option.get("description"))] == []


@pytest.mark.parametrize("role", ROLES, **ids)
def test_a_role_names_no_group_and_no_stack_fact(role):
    files = [file for kind in KINDS for file in (role / kind).rglob("*") if file.is_file()]
    words = ("groups[", "boka_hosts", "boka_stack", "boka_domain", "boka_ports", "boka_flows")

    assert [str(file) for file in files if any(word in file.read_text() for word in words)] == []


@pytest.mark.parametrize("role", ROLES, **ids)
def test_a_public_variable_bears_the_roles_name(role):
    assert [name for name in loaded(role / "defaults" / "main.yml") if not name.startswith(f"{role.name}_")] == []
