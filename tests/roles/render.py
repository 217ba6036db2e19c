"""Render a role's template as Ansible would, without a host: `render("nginx", "nginx.conf.j2", nginx_workers=2)`.

Ansible's own engine with its strict undefined values, the role's defaults and vars, then the caller's variables.
Checks of the text by the real daemon belong to the tests that use it.
"""

from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import filter_loader, init_plugin_loader, lookup_loader
from ansible.template import Templar, trust_as_template

ROOT = Path(__file__).parents[2]
WIRING = ROOT / "inventories/group_vars"

init_plugin_loader([])
filter_loader.add_directory(str(ROOT / "plugins/filter"))
lookup_loader.add_directory(str(ROOT / "plugins/lookup"))


def render(role: str, template: str, /, **variables: Any) -> str:
    """Return the text of roles/<role>/templates/<template>; an undefined variable raises."""
    source = ROOT / "roles" / role / "templates" / template
    templar = Templar(loader=DataLoader(), variables=role_variables(role) | variables)
    text = templar.copy_with_new_env(searchpath=[str(source.parent)]).template(
        trust_as_template(source.read_text()),
        escape_backslashes=False,
        overrides={"trim_blocks": True, "lstrip_blocks": False},  # the template module's own defaults
    )
    return str(text)


def evaluate(name: str, variables: dict[str, Any], /) -> Any:
    """Return the value of one variable whose templates see `variables`, such as role_variables() | wiring() | {...}."""
    return Templar(loader=DataLoader(), variables=variables).template(trust_as_template("{{ " + name + " }}"))


def role_variables(role: str) -> dict[str, Any]:
    """Return what each template of a role sees before any inventory: the least facts, its defaults, its vars."""
    seen: dict[str, Any] = {"ansible_managed": "Ansible managed", "ansible_facts": {}, "ansible_check_mode": False}
    for part in ("defaults", "vars"):
        seen |= _load(ROOT / "roles" / role / part / "main.yml")
    return seen


def wiring(*files: str) -> dict[str, Any]:
    """Return the local inventory's variables from files such as "edge/nginx.yml", later ones winning."""
    seen: dict[str, Any] = {}
    for file in files:
        seen |= _load(WIRING / file)
    return seen


def _load(file: Path) -> dict[str, Any]:
    return (DataLoader().load_from_file(str(file), trusted_as_template=True) or {}) if file.exists() else {}
