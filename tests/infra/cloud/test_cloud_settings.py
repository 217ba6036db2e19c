"""Settings of staging and production: what is refused, and that the refusal says what to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorder import as_text, settings_of

from infra import cloud_settings
from infra.settings import SettingsError


def load(stack="production", **changed):
    return cloud_settings.load(stack, as_text(settings_of(stack, **changed)))


@pytest.mark.parametrize("stack", ["staging", "staging-base", "production", "production-base"])
def test_the_committed_settings_are_accepted(stack):
    assert load(stack).stack == stack


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"account_id": None}, "does not set boka:account_id", id="what has no default is missing"),
        pytest.param({"regoin": "x"}, "Did you mean boka:region?", id="a near miss is suggested"),
        pytest.param({"account_id": "1234"}, "account_id is '1234'", id="an account of four digits"),
        pytest.param({"zones": ["eu-central-1a"]}, "three different zones of eu-central-1", id="one zone"),
        pytest.param(
            {"zones": ["eu-west-1a", "eu-west-1b", "eu-west-1c"]},
            "three different zones of eu-central-1",
            id="zones of another region",
        ),
        pytest.param({"zones": ["eu-central-1a"] * 3}, "three different zones", id="one zone three times"),
        pytest.param(
            {"region": "eu-north-1", "zones": ["eu-north-1a", "eu-north-1b", "eu-north-1c"]},
            "no image for region eu-north-1",
            id="no image in the region",
        ),
        pytest.param({"images": {"eu-central-1": "debian-13"}}, "images", id="an image by name"),
        pytest.param(
            {"network": "198.18.0.0/16"}, "must be a /16 to /20 of a private network", id="not a private network"
        ),
        pytest.param({"network": "10.20.0.0/24"}, "must be a /16 to /20", id="too small for nine subnets"),
        pytest.param({"network": "10.30.0.0/16"}, "it overlaps 10.30.0.0/16", id="staging's network"),
        pytest.param({"operator_networks": []}, "must name at least one network", id="nobody may come"),
        pytest.param({"operator_networks": ["0.0.0.0/0"]}, "never the whole internet", id="everybody may come"),
        pytest.param(
            {"operator_networks": ["10.20.3.0/24"]}, "it overlaps 10.20.3.0/24", id="operators inside the network"
        ),
        pytest.param({"operator_keys": ["ssh-rsa AAAA"]}, "operator_keys", id="a key of another kind"),
        pytest.param({"app_hosts": 1}, "must be 2 to 12", id="one app host cannot be lost"),
        pytest.param({"volume_gib": {"db": 4}}, "must be 8 to 16384 GiB", id="a volume too small"),
        pytest.param({"backup_region": "eu-central-1"}, "must be another one", id="backups in the same region"),
        pytest.param(
            {"backup_account_id": "111122223333"}, "the stack's own account", id="backups in the same account by name"
        ),
        pytest.param(
            {"backup_account_id": "444455556666"}, "needs a role of that account", id="a second account without a role"
        ),
        pytest.param(
            {"backup_account_id": "444455556666", "backup_role": "arn:aws:iam::777788889999:role/x"},
            "needs a role of that account",
            id="a role of a third account",
        ),
        pytest.param({"backup_keep_days": 90}, "each tier must be kept as long", id="weekly kept shorter than daily"),
        pytest.param({"throwaway": True}, "production's data must be protected", id="throwaway production"),
        pytest.param({"tenants": ["dashboard"]}, "each must be there once", id="a tenant named as the dashboard"),
        pytest.param({"domain": "Boka"}, "domain is 'Boka'", id="a domain of one label"),
        pytest.param({"alert_email": "nobody"}, "alert_email is 'nobody'", id="an address without a host"),
        pytest.param({"budget_usd": 1}, "budget_usd is '1'", id="a budget that is spent at once"),
        pytest.param({"log_keep_days": 45}, "log_keep_days", id="a retention that CloudWatch has not"),
        pytest.param({"cloudflare_zone_id": "zone"}, "cloudflare_zone_id", id="a zone by name"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_file_and_the_fix(changed, said):
    with pytest.raises(SettingsError) as refused:
        load(**changed)

    assert said in str(refused.value)
    assert str(refused.value).startswith("Pulumi.production.yaml")


def test_an_instance_type_that_does_not_exist_is_refused_with_the_known_ones():
    from infra import fleet  # noqa: PLC0415 - one test's subject

    with pytest.raises(SettingsError, match=r"instance_types names 't9.huge'; known are t3.micro"):
        fleet.describe_cloud(load(instance_types={"db": "t9.huge"}))


def test_a_stack_that_is_no_cloud_stack_is_refused():
    with pytest.raises(SettingsError, match="cloud stacks are staging, production"):
        cloud_settings.load("prod", {})


def test_every_setting_is_explained():
    lines = cloud_settings.explain()

    assert {one.key for one in lines} == set(cloud_settings.CloudSettings.model_fields) - {"environment", "layer"}
    assert [one.key for one in lines if len(one.meaning) < 20 or not one.meaning.endswith(".")] == []


KEYS = sorted(set(cloud_settings.CloudSettings.model_fields) - {"environment", "layer"})
TEXTS = st.text() | st.sampled_from(["[", "{", "[1]", '{"a": 1}', "null", "true", "-1", "0.0.0.0/0", "::/0"])


@given(st.dictionaries(st.sampled_from(KEYS), TEXTS, min_size=1))
def test_any_text_is_accepted_or_refused_as_a_setting(values):
    try:
        loaded = cloud_settings.load("staging", {**as_text(settings_of("staging")), **values})
    except SettingsError as err:
        assert "Pulumi.staging.yaml" in str(err)  # noqa: PT017 - either outcome is right, a third one is not
    else:
        assert loaded.environment == "staging"


def test_settings_cannot_be_changed_once_loaded():
    with pytest.raises(ValueError, match="frozen"):
        load().region = "eu-west-1"
