"""The verbs on production: the real pulumi, its state in moto's S3 under moto's KMS; the providers are doubles."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from moto_http import MotoOverHttp
from real_engine import DOUBLES, REPOSITORY

from ops.secrets import age

pytestmark = pytest.mark.engine
ACCOUNT = "123456789012"  # moto's own


@dataclass(frozen=True, kw_only=True)
class World:
    """A checkout of its own, with an AWS that answers and a cloud of doubles."""

    checkout: Path
    cloud: Path
    environment: dict[str, str]

    def boka(self, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "ops", *words]
        return subprocess.run(
            argv, cwd=self.checkout, env=self.environment, capture_output=True, text=True, check=False, timeout=150
        )

    @property
    def settings(self) -> str:
        return (self.checkout / "Pulumi.production.yaml").read_text()


def new_world(folder: Path, endpoint: str) -> World:
    checkout = folder / "checkout"
    for name in ("infra", "ops", "tools"):
        shutil.copytree(REPOSITORY / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "Pulumi.yaml", checkout)
    text = (REPOSITORY / "Pulumi.production.yaml").read_text().replace("111122223333", ACCOUNT)
    (checkout / "Pulumi.production.yaml").write_text(text)
    identity = age.make_identity()
    (folder / "identity").write_text(identity)
    (checkout / "secrets").mkdir()
    (checkout / "secrets" / "recipients.txt").write_text(age.public_key(identity))
    ours = {
        "PATH": f"{DOUBLES}{os.pathsep}{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "BOKA_AGE_KEY_FILE": str(folder / "identity"),
        "BOKA_DOUBLE_CLOUD": str(folder / "cloud"),
        "BOKA_HOME": str(folder / "home"),
        "BOKA_RUN": str(folder / "run"),
        "CLOUDFLARE_API_TOKEN": "a-token-for-a-double",
    }
    return World(checkout=checkout, cloud=folder / "cloud", environment={**os.environ, **ours})


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    for_moto = pytest.MonkeyPatch()
    for_moto.setenv("AWS_ACCESS_KEY_ID", "testing")
    for_moto.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws(), MotoOverHttp() as aws:
        yield new_world(tmp_path_factory.mktemp("verbs"), aws.url)
        aws.shutdown()
    for_moto.undo()


@pytest.fixture(scope="module")
def refused(world):
    return world.boka("preview", "--stack", "production")


@pytest.fixture(scope="module")
def initialised(world, refused):
    assert refused.returncode == 5, refused.stderr
    done = world.boka("init", "production", "--yes")
    assert done.returncode == 0, done.stderr
    # moto heeds no condition of a policy, so the rule that demands TLS would shut everybody out.
    boto3.client("s3", "eu-central-1").delete_bucket_policy(Bucket=f"boka-production-state-{ACCOUNT}")
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
