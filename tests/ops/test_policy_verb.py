"""`boka policy`: what it says of a good and a bad export, and of a file that is none."""

import json
import sys

import pytest

from ops import cli

KEY = {
    "urn": "urn:pulumi:production-base::boka::boka:aws:Keys$aws:kms/key:Key::audit",
    "type": "aws:kms/key:Key",
    "custom": True,
    "protect": True,
    "retainOnDelete": True,
    "parent": "urn:pulumi:production-base::boka::boka:aws:Keys::keys",
    "provider": "urn:pulumi:production-base::boka::pulumi:providers:aws::main::id",
    "inputs": {
        "enableKeyRotation": True,
        "deletionWindowInDays": 30,
        "tags": dict.fromkeys(
            ("Project", "Environment", "Layer", "Component", "Name", "Owner", "CostCentre", "ManagedBy"), "x"
        ),
    },
}


@pytest.fixture
def boka(monkeypatch, capsys, tmp_path):
    """Ask the policies of an export of one key, some of it changed; get exit code, stdout, stderr."""

    def ask(*words, **changed):
        path = tmp_path / "state.json"
        path.write_text(json.dumps({"deployment": {"resources": [{**KEY, **changed}]}}))
        monkeypatch.setattr(sys, "argv", ["boka", "policy", str(path), *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, *capsys.readouterr()

    return ask


def test_a_good_state_ends_with_0(boka):
    code, out, _ = boka()

    assert (code, out.startswith("0 findings, 0 answers not known yet: ")) == (0, True)


def test_a_bad_state_ends_with_3_and_says_what_to_do(boka):
    code, out, _ = boka(protect=False)

    assert code == 3
    assert "critical  Key audit: protect is off." in out


def test_the_json_of_a_bad_state_is_as_agreed(boka):
    code, out, _ = boka("--json", protect=False)

    found = json.loads(out)
    assert code == 3
    assert set(found) == {"stack", "stage", "resources", "rules", "good", "findings", "unknown"}
    assert [one["rule"] for one in found["findings"]] == ["data-is-protected"]


def test_a_file_that_is_no_export_is_refused(boka):
    code, _, err = boka(urn=None)

    assert code == 2
    assert "pulumi stack export" in err
