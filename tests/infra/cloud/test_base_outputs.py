"""A layer stands on its own environment's base only."""

import pytest
from recorder import as_text, settings_of

from infra import cloud_settings
from infra.aws import base_outputs
from infra.settings import SettingsError

SETTINGS = cloud_settings.load("production", as_text(settings_of("production")))
WHOLE = {
    "marker": base_outputs.marker(SETTINGS),
    "vpc_id": "vpc-1",
    "subnet_ids": {},
    "s3_prefix_list_id": "pl-1",
    "key_arns": {},
    "topic_arn": "arn:x",
    "origin_authority": "",
}


def test_its_own_base_is_accepted():
    assert base_outputs.refuse_foreign(SETTINGS, WHOLE) == WHOLE


def test_a_base_that_was_never_raised_is_refused_with_the_command():
    with pytest.raises(SettingsError, match=r"Raise it first: boka up --stack production$"):
        base_outputs.refuse_foreign(SETTINGS, {})


@pytest.mark.parametrize(
    "key", ["account_id", "region", "network", "zones", "environment", "domain", "cloudflare_zone_id"]
)
def test_another_environments_base_is_refused_naming_both_values(key):
    other = {**WHOLE, "marker": {**WHOLE["marker"], key: "another"}}

    with pytest.raises(SettingsError, match=f"{key} is .*; stack production-base was raised with another"):
        base_outputs.refuse_foreign(SETTINGS, other)


def test_every_provider_waits_for_the_check_and_so_does_all_that_it_makes(graphs):
    providers = [one for kind in ("aws", "cloudflare") for one in graphs["production"].of(kind).values()]
    waiting = [one.name for one in providers if any("pulumi:pulumi:StackReference" in urn for urn in one.depends_on)]

    assert sorted(waiting) == ["cloudflare", "main", "replica"]
