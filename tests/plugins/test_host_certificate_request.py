import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from ops.secrets.authority import make_key

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "plugins/modules"))
import host_certificate_request  # noqa: E402  # Ansible's modules are no package
from test_internal_certificate import AUTHORITY_PEM, sign  # noqa: E402

NAMES = ["db1", "198.18.0.41"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def run(folder: Path, *, check: bool = False, authority: str = AUTHORITY_PEM, names: list[str] = NAMES) -> dict:
    arguments = {
        "folder": str(folder),
        "authority": authority,
        "common_name": "db1",
        "names": names,
        "renew_days": 30,
        "_ansible_check_mode": check,
    }
    words = [sys.executable, str(ROOT / "plugins/modules/host_certificate_request.py")]
    done = subprocess.run(
        words, input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}), capture_output=True, text=True, check=False
    )
    return json.loads(done.stdout)


def issue(folder: Path, *, days: int = 365, names: list[str] = NAMES) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    certificate = sign(run(folder)["request"], tuple(names), days)
    (folder / "host.pem").write_bytes(certificate.public_bytes(Encoding.PEM))


def test_a_new_host_gets_a_key_and_asks(folder):
    answer = run(folder)

    assert (answer["reason"], answer["replaces"]) == ("there is no private key", False)
    assert (folder / "host.key").stat().st_mode & 0o777 == 0o640
    assert x509.load_pem_x509_csr(answer["request"].encode()).is_signature_valid


def test_a_good_certificate_asks_for_nothing(folder):
    issue(folder)

    assert (run(folder)["changed"], run(folder)["request"]) == (False, "")


def test_the_key_is_made_once(folder):
    issue(folder)
    key = (folder / "host.key").read_bytes()

    run(folder, names=["db1", "another"])

    assert (folder / "host.key").read_bytes() == key


def test_a_certificate_near_its_end_is_due(folder):
    issue(folder, days=29)

    assert run(folder)["reason"] == "it expires within 30 days"


def test_another_name_makes_it_due(folder):
    issue(folder)

    assert run(folder, names=[*NAMES, "db1.local.internal.test"])["reason"] == "its names differ"


def test_another_authority_makes_it_due(folder):
    from datetime import UTC, datetime  # noqa: PLC0415

    from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key  # noqa: PLC0415

    from ops.secrets.authority import self_signed  # noqa: PLC0415

    issue(folder)
    other = self_signed(load_pem_private_key(make_key().encode(), None), "Boka other", datetime.now(UTC))

    answer = run(folder, authority=other.public_bytes(Encoding.PEM).decode())

    assert (answer["reason"], answer["replaces"]) == ("another authority signed it", True)


def test_a_check_says_that_it_is_due_and_makes_nothing(folder):
    answer = run(folder, check=True)

    assert (answer["changed"], answer["request"], list(folder.iterdir())) == (True, "", [])


def test_the_authoritys_certificate_is_kept_beside_it(folder):
    run(folder)

    assert (folder / "ca.pem").read_text() == AUTHORITY_PEM


def test_names_are_read_from_what_openssl_prints():
    printed = "X509v3 Subject Alternative Name: \n    DNS:db1, IP Address:198.18.0.41\n"

    assert host_certificate_request.names_in(printed) == {"db1", "198.18.0.41"}
