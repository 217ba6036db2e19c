"""What an edge accepts from the issuer: the program is loaded from the role, and openssl is real."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from tests.roles.program import load

NAMES = ["boka.test", "*.boka.test"]


@pytest.fixture(scope="module")
def receiver() -> ModuleType:
    return load("letsencrypt", "receive_certificate")


@pytest.fixture
def settings(receiver: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(receiver, "NGINX_CONF", tmp_path / "no-nginx-here")
    return receiver.Settings(names=NAMES, link=tmp_path / "tls/site")


@pytest.fixture
def no_nginx(receiver: ModuleType, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(receiver, "_nginx_runs", lambda: False)


def issue(folder: Path, *names: str, days: int = 90) -> tuple[str, str]:
    """Return the key and certificate of a small authority for the names."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
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
    argv += ["-days", str(days), "-keyout", str(key), "-out", str(certificate)]
    argv += ["-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)]
    subprocess.run(argv, check=True, capture_output=True)
    return key.read_text(), certificate.read_text()


@pytest.mark.usefixtures("no_nginx")
def test_a_good_certificate_is_put_in_place(receiver, settings, tmp_path):
    key, certificate = issue(tmp_path, *NAMES)

    answer = receiver.answer_to("install", key + certificate, settings)

    assert answer["changed"] is True
    assert (settings.link / "fullchain.pem").read_text() == certificate
    assert receiver.answer_to("serial", "", settings) == {"serial": answer["serial"]}


@pytest.mark.usefixtures("no_nginx")
def test_the_key_is_its_owners_only(receiver, settings, tmp_path):
    receiver.answer_to("install", "".join(issue(tmp_path, *NAMES)), settings)

    assert (settings.link / "privkey.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("no_nginx")
def test_the_same_certificate_again_changes_nothing(receiver, settings, tmp_path):
    sent = "".join(issue(tmp_path, *NAMES))
    receiver.answer_to("install", sent, settings)

    again = receiver.answer_to("install", sent, settings)

    assert again["changed"] is False


def test_a_key_of_another_certificate_is_refused(receiver, settings, tmp_path):
    key, _ = issue(tmp_path, *NAMES)
    _, certificate = issue(tmp_path, *NAMES)

    with pytest.raises(receiver.NotTakenError, match="does not belong"):
        receiver.answer_to("install", key + certificate, settings)

    assert not settings.link.exists()


def test_a_certificate_without_the_sites_names_is_refused(receiver, settings, tmp_path):
    with pytest.raises(receiver.NotTakenError, match=r"does not name \*\.boka\.test"):
        receiver.answer_to("install", "".join(issue(tmp_path, "boka.test")), settings)


def test_an_expired_certificate_is_refused(receiver, settings, tmp_path):
    staged = receiver.stage("".join(issue(tmp_path, *NAMES, days=1)), settings.versions)

    with pytest.raises(receiver.NotTakenError, match="valid from"):
        receiver.check(staged, NAMES, datetime.now(UTC) + timedelta(days=2))


def test_a_refused_certificate_leaves_nothing_behind(receiver, settings, tmp_path):
    with pytest.raises(receiver.NotTakenError):
        receiver.answer_to("install", "".join(issue(tmp_path, "boka.test")), settings)

    assert list(settings.versions.iterdir()) == []


@pytest.mark.parametrize("sent", ["", "no PEM at all"], ids=["nothing", "text"])
def test_what_is_no_certificate_is_refused(receiver, settings, sent):
    with pytest.raises(receiver.NotTakenError, match="0 keys and 0 certificates"):
        receiver.answer_to("install", sent, settings)


def test_an_unknown_question_is_refused(receiver, settings):
    with pytest.raises(receiver.NotTakenError, match="known are serial and install"):
        receiver.answer_to("rm -rf /", "", settings)


def test_the_old_certificate_is_back_when_nginx_does_not_serve_the_new_one(receiver, settings, tmp_path, monkeypatch):
    monkeypatch.setattr(receiver, "_nginx_runs", lambda: False)
    first = receiver.answer_to("install", "".join(issue(tmp_path, *NAMES)), settings)
    refusing = subprocess.CompletedProcess([], 1, "", "nginx: refused")
    monkeypatch.setattr(receiver, "_nginx_runs", lambda: True)
    run = receiver._run
    monkeypatch.setattr(receiver, "_run", lambda *argv: refusing if argv[0] == "systemctl" else run(*argv))

    with pytest.raises(receiver.NotTakenError, match="the one before is back"):
        receiver.answer_to("install", "".join(issue(tmp_path, *NAMES)), settings)

    assert receiver.serial_in_place(settings) == first["serial"]
