"""Ansible module: makes a host's private key and, when its certificate is due, a request for a new one.

The key never leaves the host. Needs the `openssl` command there and nothing else, so it runs before any package.
"""

import re
import tempfile
from pathlib import Path
from typing import Any, Protocol

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: host_certificate_request
short_description: Make a host's private key and a request when its certificate is due
description:
  - Makes the folder, keeps the authority's certificate in it, and makes an elliptic key (P-256) once.
  - Returns a request when the certificate is missing, expires soon, has other names, belongs to another key or
    was signed by another authority; else an empty text and no change.
options:
  folder: {description: "Folder of C(ca.pem), C(host.pem) and C(host.key).", type: path, required: true}
  authority: {description: The authority's certificate in PEM., type: str, required: true}
  common_name: {description: The subject of the certificate., type: str, required: true}
  names: {description: Names and addresses that it must be good for., type: list, elements: str, required: true}
  renew_days: {description: Days before it expires at which it is due., type: int, required: true}
  owner: {description: Owner of a new key., type: str, default: root}
  group: {description: Group of a new key; it may read it., type: str, default: root}
attributes:
  check_mode: {support: full}
"""
EXAMPLES = """
- name: configure | Make the key, and a request if the certificate is due
  host_certificate_request:
    folder: /etc/boka/pki
    authority: "{{ lookup('file', 'ca.pem') }}"
    common_name: db1
    names: [db1, 198.18.0.41]
    renew_days: 30
  register: __request
"""
RETURN = """
request: {description: The request in PEM; empty when none is due or in check mode., type: str, returned: always}
reason: {description: Why a certificate is due; empty when none is., type: str, returned: always}
replaces: {description: Whether there is a certificate already., type: bool, returned: always}
"""

ARGUMENTS: dict[str, Any] = {
    "folder": {"type": "path", "required": True},
    "authority": {"type": "str", "required": True},
    "common_name": {"type": "str", "required": True},
    "names": {"type": "list", "elements": "str", "required": True},
    "renew_days": {"type": "int", "required": True},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
}
SECONDS_A_DAY = 86_400
_AnsibleModule: Any = AnsibleModule  # its methods carry no types


class Module(Protocol):
    """What this file uses of AnsibleModule."""

    params: dict[str, Any]

    def run_command(self, args: list[str], *, check_rc: bool = ..., umask: int | None = ...) -> tuple[int, str, str]:
        """Run a program; return its code, output and errors."""
        ...

    def set_owner_if_different(self, path: str, owner: str, *, changed: bool) -> bool:
        """Change the owner of a file."""
        ...

    def set_group_if_different(self, path: str, group: str, *, changed: bool) -> bool:
        """Change the group of a file."""
        ...

    def set_mode_if_different(self, path: str, mode: str, *, changed: bool) -> bool:
        """Change the mode of a file."""
        ...


def names_in(extension_text: str) -> set[str]:
    """Return the names in what `openssl x509 -ext subjectAltName` prints."""
    return {name.strip() for name in re.findall(r"(?:DNS|IP Address):([^,\s]+)", extension_text)}


def reason_due(module: Module, key: Path, certificate: Path) -> str:
    """Return why a new certificate is due, or an empty text."""
    if not key.exists():
        return "there is no private key"
    if not certificate.exists():
        return "there is no certificate"
    days = module.params["renew_days"]
    checks = {
        f"it expires within {days} days": lambda: _expires(module, certificate, days),
        "its names differ": lambda: _names(module, certificate) != set(module.params["names"]),
        "it belongs to another key": lambda: _public(module, "x509", certificate) != _public(module, "pkey", key),
        "another authority signed it": lambda: not _is_signed(module, certificate),
    }
    return next((reason for reason, is_due in checks.items() if is_due()), "")


def make_key(module: Module, key: Path) -> None:
    """Make the private key with its owner and mode, or leave none."""
    new = key.with_suffix(".new")
    algorithm = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    module.run_command(["openssl", "genpkey", *algorithm, "-out", str(new)], check_rc=True, umask=0o077)
    module.set_owner_if_different(str(new), module.params["owner"], changed=False)
    module.set_group_if_different(str(new), module.params["group"], changed=False)
    module.set_mode_if_different(str(new), "0640", changed=False)
    new.replace(key)


def make_request(module: Module, key: Path) -> str:
    """Return a certificate request in PEM."""
    subject = f"/CN={module.params['common_name']}"
    return _run(module, ["req", "-new", "-key", str(key), "-subj", subject])


def keep_authority(folder: Path, authority: str, *, pretend: bool) -> bool:
    """Have the folder and the authority's certificate; tell whether one of them changed."""
    file, text = folder / "ca.pem", authority.strip() + "\n"
    if file.exists() and file.read_text(encoding="ascii") == text:
        return False
    if not pretend:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_text(text, encoding="ascii")
        new.chmod(0o644)
        new.replace(file)
    return True


def main() -> None:
    """Run the module."""
    module = _AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    folder = Path(module.params["folder"])
    key, certificate = folder / "host.key", folder / "host.pem"
    kept = keep_authority(folder, module.params["authority"], pretend=module.check_mode)
    reason, replaces = reason_due(module, key, certificate), certificate.exists()
    if not reason or module.check_mode:
        module.exit_json(changed=kept or bool(reason), request="", reason=reason, replaces=replaces)
    if not key.exists():
        make_key(module, key)
    module.exit_json(changed=True, request=make_request(module, key), reason=reason, replaces=replaces)


def _run(module: Module, arguments: list[str]) -> str:
    _, out, _ = module.run_command(["openssl", *arguments], check_rc=True)
    return out


def _expires(module: Module, certificate: Path, days: int) -> bool:
    limit = str(days * SECONDS_A_DAY)
    code, _, _ = module.run_command(["openssl", "x509", "-in", str(certificate), "-noout", "-checkend", limit])
    return code != 0


def _names(module: Module, certificate: Path) -> set[str]:
    return names_in(_run(module, ["x509", "-in", str(certificate), "-noout", "-ext", "subjectAltName"]))


def _public(module: Module, command: str, file: Path) -> str:
    wanted = ["-noout", "-pubkey"] if command == "x509" else ["-pubout"]
    return _run(module, [command, "-in", str(file), *wanted])


def _is_signed(module: Module, certificate: Path) -> bool:
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as authority:
        authority.write(module.params["authority"])
        authority.flush()
        code, _, _ = module.run_command(["openssl", "verify", "-CAfile", authority.name, str(certificate)])
    return code == 0


if __name__ == "__main__":
    main()
