#!/usr/bin/python3
"""Keep the site's certificate: issue or renew it with lego, and give it to every edge that does not have it.

`issue-certificate status` says as JSON what `run` would do; `run` does it. The timer runs it, and so does the role.
A failing edge does not keep the others from their certificate, but the run fails.
"""

import json
import os
import re
import ssl
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SETTINGS = Path("/etc/boka/letsencrypt/issuer.json")
RENEW_AT = 1 / 3  # of its life left; lego asks the authority for a better moment (RFC 9773) on each run


class NotDoneError(Exception):
    """Something did not happen that should have; the text says what, and what to look at."""


@dataclass(frozen=True)
class Certificate:
    """What the certificate in hand says about itself."""

    serial: str
    names: frozenset[str]
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True)
class Issuer:
    """The settings, and what follows from them."""

    settings: dict[str, Any]

    @property
    def names(self) -> list[str]:
        """Names of the certificate, the canonical one first."""
        return self.settings["names"]

    @property
    def state(self) -> Path:
        """Folder of accounts, certificates and the authority's roots."""
        return Path(self.settings["state_dir"])

    @property
    def chain(self) -> Path:
        """The certificate in hand, with its chain; lego names it for the first name."""
        return self.state / "certificates" / f"{self.names[0].replace('*', '_')}.crt"

    @property
    def roots(self) -> Path:
        """The authority's roots, where it hands them out itself."""
        return self.state / "roots.pem"


def main(arguments: list[str]) -> int:
    """Run one command; the exit code is 0 done, 2 usage, 1 failed."""
    if arguments not in (["status"], ["run"]):
        sys.stderr.write("usage: issue-certificate status|run\n")
        return 2
    issuer = Issuer(json.loads(SETTINGS.read_text()))
    try:
        if arguments == ["run"]:
            run(issuer)
        else:
            due = why_due(issuer, datetime.now(UTC))
            sys.stdout.write(json.dumps({"due": due, "behind": [] if due else behind(issuer)}) + "\n")
    except NotDoneError as err:
        sys.stderr.write(f"issue-certificate: {err}\n")
        return 1
    return 0


def run(issuer: Issuer) -> None:
    """Issue or renew if it is time, then bring every edge up to date. Raises: NotDoneError."""
    due = why_due(issuer, datetime.now(UTC))
    sys.stderr.write(f"issuing: {due}\n" if due else "asking the authority whether it is time to renew\n")
    if due and due != "it expires soon":
        ask_lego(issuer, "run")
    else:
        ask_lego(issuer, "renew", "--dynamic", "--no-random-sleep", "--force-cert-domains")
    failed = [why for name in behind(issuer) if (why := push(issuer, name))]
    if failed:
        raise NotDoneError("; ".join(failed))


def why_due(issuer: Issuer, now: datetime) -> str:
    """Return why a new certificate is needed, or nothing."""
    if not issuer.chain.exists():
        return "there is none"
    certificate = read(issuer.chain)
    if certificate.names != frozenset(issuer.names):
        return f"it names {', '.join(sorted(certificate.names))}"
    if not leads_to_a_root(issuer):
        return "the authority has a new root"
    life = certificate.not_after - certificate.not_before
    return "it expires soon" if certificate.not_after - now < life * RENEW_AT else ""


def leads_to_a_root(issuer: Issuer) -> bool:
    """Tell whether the chain ends at a root of the authority's today; an authority that hands out none is believed."""
    url = issuer.settings["roots_url"]
    if not url:
        return True
    try:
        context = ssl.create_default_context(cafile=issuer.settings["authority_ca"] or None)
        with urllib.request.urlopen(url, timeout=10, context=context) as answer:  # noqa: S310  # the scheme is a setting
            roots = answer.read()
    except OSError as err:  # the authority is away: the certificate in hand still serves
        sys.stderr.write(f"no roots from {url}: {err}\n")
        return True
    if not issuer.roots.exists() or issuer.roots.read_bytes() != roots:
        issuer.roots.write_bytes(roots)
    chain = str(issuer.chain)
    return _run("openssl", "verify", "-CAfile", str(issuer.roots), "-untrusted", chain, chain).returncode == 0


def ask_lego(issuer: Issuer, command: str, *options: str) -> None:
    """Run lego once, and once more if the authority does not know our account any more. Raises: NotDoneError."""
    done = _run(*lego_argv(issuer.settings, command, *options), timeout_s=300)
    if done.returncode != 0 and "accountDoesNotExist" in done.stdout + done.stderr:
        sys.stderr.write("the authority does not know the account: making a new one\n")
        accounts = issuer.state / "accounts"
        accounts.rename(issuer.state / f"accounts.{datetime.now(UTC):%Y%m%dT%H%M%S}")
        done = _run(*lego_argv(issuer.settings, "run"), timeout_s=300)
    sys.stderr.write(done.stderr)
    if done.returncode != 0:
        reason = (done.stdout + done.stderr).strip().splitlines()[-1:]
        raise NotDoneError(f"lego {command} ended with {done.returncode}: {' '.join(reason)}")


def lego_argv(settings: dict[str, Any], command: str, *options: str) -> list[str]:
    """Return the command line; secrets go in by the environment's *_FILE variables."""
    argv = ["lego", "--accept-tos", "--path", settings["state_dir"], "--server", settings["directory"]]
    argv += ["--email", settings["email"], "--key-type", "ec256", "--dns", settings["dns_provider"]]
    argv += [word for resolver in settings["resolvers"] for word in ("--dns.resolvers", resolver)]
    argv += [word for name in settings["names"] for word in ("--domains", name)]
    profile = ["--profile", settings["profile"]] if settings["profile"] else []
    return [*argv, command, *options, *profile]


def behind(issuer: Issuer) -> list[str]:
    """Return the edges that do not have the certificate in hand; one that does not answer is behind."""
    serial = read(issuer.chain).serial
    return [target["name"] for target in issuer.settings["targets"] if _serial_at(issuer, target["name"]) != serial]


def push(issuer: Issuer, name: str) -> str:
    """Give the certificate to one edge; return why not, or nothing."""
    key = issuer.chain.with_suffix(".key").read_text()
    done = _ask(issuer, name, f"install\n{key}\n{issuer.chain.read_text()}")
    if done.returncode == 0:
        sys.stderr.write(f"{name}: {done.stdout}")
        return ""
    return f"{name} did not take the certificate: {done.stderr.strip() or 'no reason given'}"


def read(chain: Path) -> Certificate:
    """Return what the first certificate of a PEM file says. Raises: NotDoneError."""
    done = _run(
        "openssl", "x509", "-in", str(chain), "-noout",
        "-serial", "-dates", "-dateopt", "iso_8601", "-ext", "subjectAltName",
    )  # fmt: skip
    if done.returncode != 0:
        raise NotDoneError(f"openssl cannot read {chain}: {done.stderr.strip()}")
    found = dict(re.findall(r"^(serial|notBefore|notAfter)=(.+)$", done.stdout, re.MULTILINE))
    return Certificate(
        serial=found["serial"],
        names=frozenset(re.findall(r"DNS:([^,\s]+)", done.stdout)),
        not_before=datetime.fromisoformat(found["notBefore"]),
        not_after=datetime.fromisoformat(found["notAfter"]),
    )


def _serial_at(issuer: Issuer, name: str) -> str:
    done = _ask(issuer, name, "serial\n")
    return json.loads(done.stdout)["serial"] if done.returncode == 0 else ""


def _ask(issuer: Issuer, name: str, question: str) -> subprocess.CompletedProcess[str]:
    (address,) = [target["address"] for target in issuer.settings["targets"] if target["name"] == name]
    key = Path(os.environ.get("CREDENTIALS_DIRECTORY", SETTINGS.parent)) / "id_ed25519"
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": "5",
        "IdentitiesOnly": "yes",
        "IdentityFile": str(key),
        "RequestTTY": "no",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(SETTINGS.with_name("known_hosts")),
    }
    words = [word for option, value in options.items() for word in ("-o", f"{option}={value}")]
    return _run("ssh", "-F", "none", *words, f"certs@{address}", stdin=question)


def _run(*argv: str, stdin: str = "", timeout_s: int = 60) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(argv, 124, "", f"{argv[0]} gave no answer within {timeout_s} s")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
