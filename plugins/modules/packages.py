"""Ansible module: has Debian packages installed. Asking costs a hundredth of what the apt module's question costs.

The apt module opens apt's whole cache to find that nothing is to be done: 0.5 s a role and host, half of a converge
that changes nothing. This one asks dpkg, and apt only for what is missing.
"""

import fnmatch
import re
from typing import Any, Protocol

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: packages
short_description: Have Debian packages installed
description:
  - Installs what is missing, without recommended packages; never removes, and upgrades only to meet a version.
  - Fetches the package lists only if apt cannot find or download a package with the lists it has.
options:
  name:
    description: Packages, each C(name) or C(name=version), where the version may end in an asterisk.
    type: list
    elements: str
    required: true
attributes:
  check_mode: {support: full}
"""
EXAMPLES = """
- name: install | Install nginx
  packages:
    name: [nginx, lego=4.35.*]
"""
RETURN = """
missing: {description: What was not installed before., type: list, elements: str, returned: always}
"""

# Another apt may hold the lock, such as the daily security updates; a minute is enough for most.
_LOCK_WAIT_S = 120
_QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
_AnsibleModule: Any = AnsibleModule  # its methods carry no types


class Module(Protocol):
    """What this file uses of AnsibleModule."""

    def run_command(
        self, args: list[str], *, check_rc: bool = ..., environ_update: dict[str, str] | None = ...
    ) -> tuple[int, str, str]:
        """Run a program; return its code, output and errors."""
        ...


def installed(module: Module, names: list[str]) -> dict[str, str]:
    """Return the versions of those of the packages that are installed."""
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status} ${Version}\\n", *names]
    _, out, _ = module.run_command(query)  # fails for a package that dpkg never heard of, and answers the others
    return dict(re.findall(r"^(\S+) installed (\S+)$", out, re.MULTILINE))


def missing(wanted: list[str], versions: dict[str, str]) -> list[str]:
    """Return the wanted packages that are not installed in a version that fits."""
    return [entry for entry in wanted if not _fits(entry, versions)]


def install(module: Module, names: list[str]) -> None:
    """Install the packages with the lists that are there, or else with new ones."""
    argv = ["apt-get", "install", "--yes", "--no-install-recommends", "--option", f"DPkg::Lock::Timeout={_LOCK_WAIT_S}"]
    argv += ["--option", "Dpkg::Options::=--force-confdef", "--option", "Dpkg::Options::=--force-confold", *names]
    code, _, _ = module.run_command(argv, environ_update=_QUIET)
    if code == 0:
        return
    module.run_command(["apt-get", "update"], check_rc=True, environ_update=_QUIET)
    module.run_command(argv, check_rc=True, environ_update=_QUIET)


def main() -> None:
    """Run the module."""
    module = _AnsibleModule(
        argument_spec={"name": {"type": "list", "elements": "str", "required": True}}, supports_check_mode=True
    )
    wanted: list[str] = module.params["name"]
    lacking = missing(wanted, installed(module, [entry.partition("=")[0] for entry in wanted]))
    if lacking and not module.check_mode:
        install(module, lacking)
    module.exit_json(changed=bool(lacking), missing=lacking)


def _fits(entry: str, versions: dict[str, str]) -> bool:
    name, _, version = entry.partition("=")
    return name in versions and (not version or fnmatch.fnmatchcase(versions[name], version))


if __name__ == "__main__":
    main()
