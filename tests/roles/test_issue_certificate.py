"""When the issuer asks for a new certificate, and what it tells lego."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from tests.roles.program import load

NAMES = ["boka.test", "*.boka.test"]


@pytest.fixture(scope="module")
def program() -> ModuleType:
    return load("letsencrypt", "issue_certificate")


@pytest.fixture
def issuer(program: ModuleType, tmp_path: Path):
    (tmp_path / "certificates").mkdir()
    return program.Issuer({
        "names": NAMES, "directory": "https://authority.test/dir", "email": "ops@boka.test", "profile": "",
        "dns_provider": "rfc2136", "resolvers": ["192.0.2.53:53"], "roots_url": "", "authority_ca": "",
        "state_dir": str(tmp_path), "targets": [],
    })  # fmt: skip


def write_certificate(chain: Path, *names: str, days: int = 90) -> None:
    argv = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=x",
    ]
    argv += ["-days", str(days), "-keyout", str(chain.with_suffix(".key")), "-out", str(chain)]
    argv += ["-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)]
    subprocess.run(argv, check=True, capture_output=True)


def test_a_missing_certificate_is_due(program, issuer):
    assert program.why_due(issuer, datetime.now(UTC)) == "there is none"


def test_a_fresh_certificate_is_not_due(program, issuer):
    write_certificate(issuer.chain, *NAMES)

    assert program.why_due(issuer, datetime.now(UTC)) == ""


def test_a_certificate_of_other_names_is_due(program, issuer):
    write_certificate(issuer.chain, "boka.test")

    assert program.why_due(issuer, datetime.now(UTC)) == "it names boka.test"


@pytest.mark.parametrize(
    ("days", "due"), [(59, ""), (61, "it expires soon")], ids=["a third left", "less than a third"]
)
def test_a_certificate_is_due_in_its_last_third(program, issuer, days, due):
    write_certificate(issuer.chain, *NAMES, days=90)

    assert program.why_due(issuer, datetime.now(UTC) + timedelta(days=days)) == due


def test_an_authority_that_is_away_does_not_make_a_certificate_due(program, issuer):
    write_certificate(issuer.chain, *NAMES)
    issuer.settings["roots_url"] = "https://127.0.0.1:1/roots/0"

    assert program.why_due(issuer, datetime.now(UTC)) == ""


def test_a_certificate_of_a_forgotten_root_is_due(program, issuer, tmp_path):
    write_certificate(issuer.chain, *NAMES)
    write_certificate(tmp_path / "other-root.crt", "root")
    issuer.settings["roots_url"] = (tmp_path / "other-root.crt").as_uri()

    assert program.why_due(issuer, datetime.now(UTC)) == "the authority has a new root"


def test_a_lost_account_is_made_again_and_the_order_repeated(program, issuer, monkeypatch):
    (issuer.state / "accounts").mkdir()
    asked: list[tuple[str, ...]] = []

    def lego(*argv: str, **_options: int) -> subprocess.CompletedProcess[str]:
        asked.append(argv)
        lost = len(asked) == 1
        return subprocess.CompletedProcess(argv, int(lost), "", "urn:ietf:params:acme:error:accountDoesNotExist" * lost)

    monkeypatch.setattr(program, "_run", lego)

    program.ask_lego(issuer, "renew")

    assert [argv[-1] for argv in asked] == ["renew", "run"]
    assert not (issuer.state / "accounts").exists()


def test_lego_is_told_every_name_and_no_secret(program, issuer):
    argv = program.lego_argv(issuer.settings, "run")

    assert [argv[index + 1] for index, word in enumerate(argv) if word == "--domains"] == NAMES
    assert "--dns.resolvers" in argv


def test_a_profile_is_asked_for_after_the_command(program, issuer):
    issuer.settings["profile"] = "tlsserver"

    assert program.lego_argv(issuer.settings, "run")[-3:] == ["run", "--profile", "tlsserver"]
