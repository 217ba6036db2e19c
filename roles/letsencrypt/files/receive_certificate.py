#!/usr/bin/python3
"""Take the site's certificate from the issuer: check it, put it in place at once, make nginx serve it, or keep the old.

The forced command of the account `certs`. The first line of stdin is the question, the answer is one JSON line:
`serial` says which certificate is in place, `install` is followed by the key and the chain in PEM.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

SETTINGS = Path("/etc/boka/tls/receiver.json")
NGINX_CONF = Path("/etc/nginx/nginx.conf")
MAX_BYTES = 256 * 1024  # a chain and its key have about 6 KiB
KEPT_VERSIONS = 3
SERVED_WITHIN_S = 5.0
_BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----\n.+?\n-----END \1-----\n?", re.DOTALL)


class NotTakenError(Exception):
    """The certificate was not put in place; the one before still serves. The text says why."""


@dataclass(frozen=True)
class Settings:
    """Which names the site needs, and the link that nginx reads its certificate through."""

    names: list[str]
    link: Path

    @property
    def versions(self) -> Path:
        """Where each certificate has a folder of its own."""
        return self.link.parent / "versions"


@dataclass(frozen=True)
class Certificate:
    """What a certificate says about itself."""

    serial: str
    names: set[str]
    not_before: datetime
    not_after: datetime


def main() -> int:
    """Answer one question; the exit code is 0, or 1 if it was refused."""
    stored = json.loads(SETTINGS.read_text())
    settings = Settings(names=stored["names"], link=Path(stored["link"]))
    question, _, body = sys.stdin.read(MAX_BYTES).partition("\n")
    try:
        answer = answer_to(question, body, settings)
    except NotTakenError as err:
        sys.stderr.write(f"receive-certificate: {err}\n")
        return 1
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


def answer_to(question: str, body: str, settings: Settings) -> dict[str, object]:
    """Return the answer to `serial` or `install`. Raises: NotTakenError."""
    if question == "serial":
        return {"serial": serial_in_place(settings)}
    if question == "install":
        with _alone(settings):
            return install(body, settings)
    raise NotTakenError(f"the question was {question[:40]!r}; known are serial and install.")


def serial_in_place(settings: Settings) -> str:
    """Return the serial number of the certificate that nginx reads, or nothing if there is none."""
    chain = settings.link / "fullchain.pem"
    return read(chain).serial if chain.exists() else ""


def install(body: str, settings: Settings) -> dict[str, object]:
    """Check the sent key and chain, and serve them. Raises: NotTakenError, and then the old ones still serve."""
    staged = stage(body, settings.versions)
    try:
        certificate = check(staged, settings.names, datetime.now(UTC))
        if certificate.serial == serial_in_place(settings):
            return {"serial": certificate.serial, "changed": False}
        _try_with_nginx(staged, settings.link)
        folder = settings.versions / certificate.serial
        shutil.rmtree(folder, ignore_errors=True)
        staged.rename(folder)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    serve(folder, settings)
    prune(settings)
    return {"serial": certificate.serial, "changed": True}


def stage(body: str, versions: Path) -> Path:
    """Write the key and the chain into a folder beside the others and return it. Raises: NotTakenError."""
    blocks = [(match[1], match[0].rstrip("\n") + "\n") for match in _BLOCK.finditer(body)]
    keys = [text for kind, text in blocks if kind.endswith("PRIVATE KEY")]
    chain = [text for kind, text in blocks if kind == "CERTIFICATE"]
    if len(keys) != 1 or not chain:
        raise NotTakenError(f"got {len(keys)} keys and {len(chain)} certificates; one key and a chain are needed.")
    staged = versions / f".staged-{os.getpid()}"
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True, mode=0o755)
    (staged / "fullchain.pem").write_text("".join(chain))
    key = staged / "privkey.pem"
    key.touch(mode=0o600)
    key.write_text(keys[0])
    return staged


def check(staged: Path, names: list[str], now: datetime) -> Certificate:
    """Return what the staged certificate says if it may serve the names now. Raises: NotTakenError."""
    certificate = read(staged / "fullchain.pem")
    certified = _openssl("x509", "-in", str(staged / "fullchain.pem"), "-noout", "-pubkey")
    if certified != _openssl("pkey", "-in", str(staged / "privkey.pem"), "-pubout"):
        raise NotTakenError("the key does not belong to the certificate. Issue it again.")
    if missing := sorted(set(names) - certificate.names):
        raise NotTakenError(f"the certificate does not name {', '.join(missing)}; the site needs them.")
    if not certificate.not_before <= now < certificate.not_after:
        raise NotTakenError(
            f"the certificate is valid from {certificate.not_before} to {certificate.not_after}, not now."
        )
    return certificate


def read(chain: Path) -> Certificate:
    """Return what the first certificate of a PEM file says. Raises: NotTakenError."""
    text = _openssl(
        "x509", "-in", str(chain), "-noout", "-serial", "-dates", "-dateopt", "iso_8601", "-ext", "subjectAltName"
    )
    found = dict(re.findall(r"^(serial|notBefore|notAfter)=(.+)$", text, re.MULTILINE))
    return Certificate(
        serial=found["serial"],
        names=set(re.findall(r"DNS:([^,\s]+)", text)),
        not_before=datetime.fromisoformat(found["notBefore"]),
        not_after=datetime.fromisoformat(found["notAfter"]),
    )


def serve(folder: Path, settings: Settings) -> None:
    """Point the link at `folder` and make nginx serve it, or put the link back. Raises: NotTakenError."""
    before = settings.link.readlink() if settings.link.is_symlink() else None
    _point(settings.link, Path("versions") / folder.name)
    if not _nginx_runs():
        return
    reload = _run("systemctl", "reload", "nginx.service")
    if reload.returncode == 0 and _is_served(folder / "fullchain.pem", settings.names[0]):
        return
    if before is not None:
        _point(settings.link, before)
        _run("systemctl", "reload", "nginx.service")
    raise NotTakenError(f"nginx did not serve {folder.name}; the one before is back. {reload.stderr.strip()}")


def prune(settings: Settings) -> None:
    """Remove all but the latest versions; the one in place always stays."""
    latest = sorted(settings.versions.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in latest[KEPT_VERSIONS:]:
        if folder.name != settings.link.readlink().name:
            shutil.rmtree(folder)


def _try_with_nginx(staged: Path, link: Path) -> None:
    """Let nginx read its own configuration with the staged files in it. Raises: NotTakenError."""
    if not NGINX_CONF.exists() or str(link) not in (text := NGINX_CONF.read_text()):
        return
    trial = staged / "nginx.conf"
    trial.write_text(text.replace(f"{link}/", f"{staged}/"))
    tried = _run("nginx", "-t", "-q", "-c", str(trial))
    trial.unlink()
    if tried.returncode != 0:
        raise NotTakenError(f"nginx does not take the certificate: {tried.stderr.strip()}")


def _is_served(chain: Path, name: str) -> bool:
    """Tell whether a new connection gets the certificate: old workers may still answer for a moment."""
    expected = ssl.PEM_cert_to_DER_cert(_BLOCK.search(chain.read_text())[0])  # type: ignore[index]
    host = name.replace("*.", "www.")
    deadline = time.monotonic() + SERVED_WITHIN_S
    while time.monotonic() < deadline:
        if _served(host) == expected:
            return True
        time.sleep(0.1)
    return False


def _served(name: str) -> bytes | None:
    context = ssl.create_default_context()
    context.check_hostname = False  # which certificate is the question, not whether this host trusts it
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection(("127.0.0.1", 443), timeout=2) as plain,
            context.wrap_socket(plain, server_hostname=name) as secure,
        ):
            return secure.getpeercert(binary_form=True)
    except OSError:
        return None


def _nginx_runs() -> bool:
    return _run("systemctl", "is-active", "--quiet", "nginx.service").returncode == 0


def _point(link: Path, target: Path) -> None:
    """Make the link point at target in one step, whatever it was."""
    new = link.with_name(f".{link.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)


def _openssl(*arguments: str) -> str:
    done = _run("openssl", *arguments)
    if done.returncode != 0:
        raise NotTakenError(f"openssl cannot read what was sent: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout


def _run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


@contextlib.contextmanager
def _alone(settings: Settings) -> Generator[None]:
    settings.versions.mkdir(parents=True, exist_ok=True)
    with (settings.versions.parent / "receiver.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
