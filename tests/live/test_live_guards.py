"""What stands between `make test-cloud` and somebody's account."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from live_guards import (
    DEFAULT_HOURS,
    NotAllowed,
    Seen,
    Wish,
    account_refusals,
    cost_usd,
    file_refusal,
    settings_refusals,
    wish_of,
)
from recorder import as_text, settings_of

from infra import cloud_settings, cost, fleet

REPOSITORY = Path(__file__).parents[2]
ACCOUNT, DOMAIN = "111122223333", "boka-staging.example"
LIVE = {"throwaway": True, "profile": "small", "secrets_in": "secrets-manager", "owns_account": False}
ALLOWED = {
    "BOKA_LIVE_ACCOUNT": ACCOUNT,
    "BOKA_LIVE_SETTINGS": "/somewhere/live.yaml",
    "BOKA_LIVE_DOMAIN": DOMAIN,
    "BOKA_LIVE_BUDGET_USD": "5",
    "CLOUDFLARE_API_TOKEN": "a token",
}
WISH = Wish(account_id=ACCOUNT, settings=Path("/somewhere/live.yaml"), domain=DOMAIN, budget_usd=5, hours=3)
EMPTY = Seen(caller_account=ACCOUNT, standing=[], records=[])


def chosen(**changed):
    return cloud_settings.load("staging", as_text(settings_of("staging", **(LIVE | changed))))


def price(of):
    return cost.estimate(of, fleet.describe_cloud(of), cost.table())


def refused(wish=WISH, **changed):
    found = chosen(**changed)
    return settings_refusals(wish, found, price(found))


def test_what_is_set_is_what_is_allowed():
    assert wish_of(ALLOWED) == replace(WISH, hours=DEFAULT_HOURS)


@pytest.mark.parametrize("name", ALLOWED)
def test_what_is_not_set_is_asked_for(name):
    with pytest.raises(NotAllowed, match=f"{name} is not set: "):
        wish_of({**ALLOWED, name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BOKA_LIVE_ACCOUNT", "production"),
        ("BOKA_LIVE_ACCOUNT", "1234"),
        ("BOKA_LIVE_BUDGET_USD", "0"),
        ("BOKA_LIVE_BUDGET_USD", "much"),
        ("BOKA_LIVE_BUDGET_USD", "nan"),
        ("BOKA_LIVE_HOURS", "-1"),
        ("BOKA_LIVE_HOURS", "13"),
    ],
)
def test_what_makes_no_sense_is_refused(name, value):
    with pytest.raises(NotAllowed, match=f"{name} is '{value}'"):
        wish_of({**ALLOWED, name: value})


def test_without_the_variables_the_command_says_what_to_set_and_fails():
    done = subprocess.run(
        [sys.executable, "tests/live"], cwd=REPOSITORY, env={"PYTHONPATH": "tests/platform"}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 5, done.stderr
    assert [name for name in ALLOWED if f"{name} is not set" not in done.stderr] == []


def test_no_other_target_runs_it():
    makefile, every = (REPOSITORY / "Makefile").read_text(), (REPOSITORY / "tests" / "run.sh").read_text()

    assert makefile.count("python tests/live") == 1
    assert "live" not in every + (REPOSITORY / ".ci" / "run").read_text()


@pytest.mark.parametrize("name", ["Pulumi.staging.yaml", "Pulumi.production.yaml"])
def test_a_settings_file_of_the_checkout_is_refused(name):
    assert "a file of the checkout" in file_refusal(REPOSITORY / name, REPOSITORY)[0]


def test_a_link_to_a_settings_file_of_the_checkout_is_refused(tmp_path):
    link = tmp_path / "live.yaml"
    link.symlink_to(REPOSITORY / "Pulumi.staging.yaml")

    assert file_refusal(link, REPOSITORY) != []


def test_a_settings_file_that_is_not_there_is_refused(tmp_path):
    assert "no such file" in file_refusal(tmp_path / "live.yaml", REPOSITORY)[0]


def test_a_settings_file_elsewhere_is_taken(tmp_path):
    (tmp_path / "live.yaml").write_text("")

    assert file_refusal(tmp_path / "live.yaml", REPOSITORY) == []


def test_settings_of_a_throwaway_are_taken():
    assert refused() == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"account_id": "999988887777"}, "boka:account_id is 999988887777"),
        ({"domain": "boka.example"}, "boka:domain is boka.example"),
        ({"throwaway": False}, "boka:throwaway is false in /somewhere/live.yaml; it must be true"),
        ({"profile": "full"}, "boka:profile is full"),
        ({"secrets_in": "repository"}, "boka:secrets_in is repository"),
        ({"owns_account": True}, "boka:owns_account is true"),
        (
            {"backup_account_id": "444455556666", "backup_role": "arn:aws:iam::444455556666:role/x"},
            "boka:backup_account_id is 444455556666",
        ),
        (
            {"region": "eu-north-1", "zones": [f"eu-north-1{zone}" for zone in "abc"],
             "images": {"eu-north-1": "ami-0123456789abcdef0"}},
            "no prices of eu-north-1",
        ),
    ],
    ids=lambda one: next(iter(one)) if isinstance(one, dict) else "",
)  # fmt: skip
def test_other_settings_are_refused(changed, said):
    assert [reason for reason in refused(**changed) if said in reason] != []


def test_a_run_above_the_budget_is_refused_with_both_figures():
    (reason,) = refused(replace(WISH, budget_usd=0.05))

    assert "4 hours of it cost" in reason
    assert "BOKA_LIVE_BUDGET_USD allows 0.05" in reason


def test_the_budget_counts_the_time_of_taking_away():
    found = price(chosen())
    enough = cost_usd(found, 4)

    assert refused(replace(WISH, budget_usd=enough)) == []
    assert refused(replace(WISH, budget_usd=enough * 0.99)) != []


def test_a_begun_hour_counts_as_a_whole_one():
    found = price(chosen())

    assert cost_usd(found, 1.01) == cost_usd(found, 2) > cost_usd(found, 1) > 0


def test_empty_accounts_are_taken():
    assert account_refusals(WISH, chosen(), EMPTY) == []


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        pytest.param({"caller_account": "999988887777"}, "of account 999988887777, not of 111122223333", id="stranger"),
        pytest.param({"standing": ["arn:of:a:vpc"]}, "a stack staging stands there already", id="a stack stands"),
        pytest.param({"records": [{"name": f"www.{DOMAIN}"}]}, f"records for www.{DOMAIN}", id="somebody's site"),
    ],
)
def test_other_accounts_are_refused(seen, said):
    assert said in " ".join(account_refusals(WISH, chosen(), replace(EMPTY, **seen)))


def test_records_of_other_names_do_not_disturb():
    seen = replace(EMPTY, records=[{"name": f"_dmarc.{DOMAIN}"}])

    assert account_refusals(WISH, chosen(), seen) == []
