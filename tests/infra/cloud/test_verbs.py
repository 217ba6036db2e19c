"""The verbs on production: the real pulumi, its state in moto's S3 under moto's KMS; the providers are doubles."""

import json

import boto3
import cloud_checkout
import pytest
from cloud_checkout import ACCOUNT

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with cloud_checkout.opened(tmp_path_factory.mktemp("verbs")) as found:
        yield found


@pytest.fixture(scope="module")
def refused(world):
    return world.boka("preview", "--stack", "production")


@pytest.fixture(scope="module")
def initialised(world, refused):
    assert refused.returncode == 5, refused.stderr
    cloud_checkout.initialise(world)
    return world.settings


@pytest.fixture(scope="module")
def previewed(world, initialised):
    assert "encryptedkey" in initialised
    done = world.boka("preview", "--stack", "production", "--json")
    assert done.returncode == 0, done.stderr
    return done


def test_a_stack_without_a_place_for_its_state_is_sent_to_init(refused):
    assert "Make it: boka init production" in refused.stderr


def test_the_first_preview_looks_at_the_base_and_says_when_the_rest_is_looked_at(previewed):
    assert json.loads(previewed.stdout)["changes"]["create"] > 100
    assert "layer production stands on production-base, which was never raised" in previewed.stderr


def test_a_preview_ends_with_what_the_stack_costs(previewed):
    assert json.loads(previewed.stdout)["cost"]["usd_a_month"] > 100


@pytest.mark.usefixtures("previewed")
def test_the_checkout_stays_as_init_made_it(world, initialised):
    assert world.settings == initialised
    assert [path.name for path in world.checkout.glob("Pulumi.*.yaml")] == ["Pulumi.production.yaml"]


@pytest.mark.usefixtures("previewed")
def test_the_state_lies_in_the_bucket():
    found = boto3.client("s3", "eu-central-1").list_objects_v2(Bucket=f"boka-production-state-{ACCOUNT}")["Contents"]

    assert ".pulumi/stacks/boka/production-base.json" in {one["Key"] for one in found}


@pytest.mark.usefixtures("initialised")
def test_down_is_refused_while_the_data_must_stay(world):
    assert world.boka("down", "--stack", "production", "--yes").returncode == 5
