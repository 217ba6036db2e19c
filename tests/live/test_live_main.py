"""The command itself, up to the point where it would make something: what it allows, and whom it refuses."""

import json
import runpy

import pytest
from cloud_account import ACCOUNT
from live_guards import NotAllowed
from live_workplace import REPOSITORY
from moto import mock_aws

from ops.errors import exit_code_of

LIVE = {"throwaway": True, "secrets_in": "secrets-manager"}


@pytest.fixture
def command(tmp_path, monkeypatch):
    """The functions of the command, in an environment that allows a run in moto's account; no zone, no leftovers."""
    text = (REPOSITORY / "Pulumi.staging.yaml").read_text().replace("111122223333", ACCOUNT)
    more = "".join(f"  boka:{key}: {json.dumps(value)}\n" for key, value in LIVE.items())
    (tmp_path / "live.yaml").write_text(text + more)
    allowed = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "BOKA_LIVE_ACCOUNT": ACCOUNT,
        "BOKA_LIVE_SETTINGS": str(tmp_path / "live.yaml"),
        "BOKA_LIVE_DOMAIN": "boka-staging.example",
        "BOKA_LIVE_BUDGET_USD": "10",
        "CLOUDFLARE_API_TOKEN": "testing",
    }
    for name, value in allowed.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("live_leftovers.of_cloudflare", lambda _: [])
    monkeypatch.setattr("live_leftovers.records_of", lambda _: [])
    with mock_aws():
        yield runpy.run_path(str(REPOSITORY / "tests" / "live" / "__main__.py"), run_name="live")


def test_a_run_in_ones_own_empty_account_is_allowed(command):
    wish, chosen, price = command["allowed"]()

    command["refuse_accounts"](wish, chosen, empty=True)

    assert (chosen.account_id, bool(price.items)) == (ACCOUNT, True)


def test_settings_that_keep_data_are_refused_before_any_account_is_asked(command, tmp_path, monkeypatch):
    file = tmp_path / "live.yaml"
    file.write_text(file.read_text().replace("boka:throwaway: true", "boka:throwaway: false"))
    monkeypatch.setattr("ops.cloud.aws.Aws.ask", None)

    with pytest.raises(NotAllowed, match="boka:throwaway is false") as refused:
        command["allowed"]()

    assert exit_code_of(refused.value) == 5


@pytest.mark.parametrize("empty", [True, False], ids=["to raise", "to take away"])
def test_credentials_of_another_account_are_refused_for_either(command, tmp_path, monkeypatch, empty):
    file = tmp_path / "live.yaml"
    file.write_text(file.read_text().replace(ACCOUNT, "999988887777"))
    monkeypatch.setenv("BOKA_LIVE_ACCOUNT", "999988887777")
    wish, chosen, _ = command["allowed"]()

    with pytest.raises(NotAllowed, match=f"credentials are of account {ACCOUNT}, not of 999988887777"):
        command["refuse_accounts"](wish, chosen, empty=empty)


def test_a_zone_that_somebody_uses_is_refused(command, monkeypatch):
    monkeypatch.setattr("live_leftovers.records_of", lambda _: [{"name": "boka-staging.example"}])
    wish, chosen, _ = command["allowed"]()

    with pytest.raises(NotAllowed, match=r"zone boka-staging\.example has records for boka-staging\.example"):
        command["refuse_accounts"](wish, chosen, empty=True)
