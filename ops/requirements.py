"""What the lock file says the booking service needs on a host: name, version and the hashes of the wheels. Pure.

The control machine may run another Python than the hosts, so markers are judged for the hosts'.
"""

import tomllib
from typing import Any

from packaging.markers import Marker

LOCK_VERSION = 1  # uv says: a reader of version 1 may read any later revision of it
HOST_PYTHON = "3.13"  # Debian 13
HOST: dict[str, str] = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": f"{HOST_PYTHON}.5",
    "python_version": HOST_PYTHON,
    "sys_platform": "linux",
    "extra": "",
}

Package = dict[str, Any]


class LockUnreadable(Exception):  # errors are named for the fact (style 1.3)
    """The lock file is not one that this module understands."""


def locked(lock_text: str, root: str) -> str:
    """Return requirements with hashes, one line a package, of everything that `root` needs on a host.

    Raises:
        LockUnreadable: another version of the format, or a package without wheels.
    """
    lock = tomllib.loads(lock_text)
    if lock.get("version") != LOCK_VERSION:
        text = f"uv.lock has version {lock.get('version')}; {LOCK_VERSION} is understood. Lock with the pinned uv."
        raise LockUnreadable(text)
    packages: list[Package] = lock["package"]
    chosen: dict[str, Package] = {}
    _add(chosen, packages, {"name": root})
    del chosen[root]
    return "".join(_line(chosen[name]) for name in sorted(chosen))


def _add(chosen: dict[str, Package], packages: list[Package], wish: dict[str, Any]) -> None:
    package = _find(packages, wish)
    needs: list[dict[str, Any]] = [] if wish["name"] in chosen else list(package.get("dependencies", []))
    for extra in wish.get("extra", []):
        needs += package["optional-dependencies"][extra]
    chosen[wish["name"]] = package
    for need in needs:
        if "marker" not in need or Marker(need["marker"]).evaluate(HOST):
            _add(chosen, packages, need)


def _find(packages: list[Package], wish: dict[str, Any]) -> Package:
    found = [p for p in packages if p["name"] == wish["name"] and wish.get("version") in (None, p["version"])]
    if len(found) != 1:
        text = f"uv.lock has {len(found)} entries for {wish['name']}; one was expected. Run uv lock."
        raise LockUnreadable(text)
    return found[0]


def _line(package: Package) -> str:
    wheels = package.get("wheels", [])
    if not wheels:
        text = f"{package['name']} {package['version']} has no wheels, and hosts build nothing. Choose one that has."
        raise LockUnreadable(text)
    hashes = " ".join(f"--hash={wheel['hash']}" for wheel in wheels)
    return f"{package['name']}=={package['version']} {hashes}\n"
