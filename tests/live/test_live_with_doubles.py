"""A whole live run without an account: the real `boka` and `pulumi`, moto's AWS, doubles of the providers, no hosts.

The steps are the run's own, but that `boka up` stops once the hosts are there and nobody books: nothing boots here.
"""

import json
import os
import signal
import threading
import time

import boto3
import pytest
from cloud_account import ACCOUNT, IMAGE, REGION, UNKNOWN_IMAGE, Cloudflare
from live_flow import run
from live_leftovers import of_aws
from live_steps import steps_of, take_down
from live_workplace import REPOSITORY, Workplace
from moto import mock_aws
from moto.ce.responses import CostExplorerResponse
from moto_http import MotoOverHttp
from real_engine import DOUBLES
from recorder import as_text, settings_of

from infra import cloud_settings

pytestmark = pytest.mark.engine
LIVE = {"throwaway": True, "secrets_in": "secrets-manager", "backup_keep_days": 1, "account_id": ACCOUNT}
ENOUGH = 20  # of some hundred: some are made, most are not
TAGS = [{"Key": "Project", "Value": "boka"}, {"Key": "Environment", "Value": "staging"}]


class Double(Workplace):
    """Where `boka` runs. What doubles make is no part of moto's account: what `boka` itself asks of is put there."""

    def boka(self, *words, limit_s):
        if words[0] == "up":
            self._stand_in_for_the_base_layer()
        found = super().boka(*words, limit_s=limit_s)
        if words[0] == "down":
            self._take_the_stand_ins_away()
        return found

    def _stand_in_for_the_base_layer(self):
        # moto heeds no condition of a policy, so the rule that demands TLS would shut everybody out.
        boto3.client("s3", REGION).delete_bucket_policy(Bucket=f"boka-staging-state-{ACCOUNT}")
        client = boto3.client("secretsmanager", REGION)
        if not client.list_secrets()["SecretList"]:
            [
                client.create_secret(Name=f"boka/staging/{group}", Tags=TAGS)
                for group in ("database", "auth", "external")
            ]

    def _take_the_stand_ins_away(self):
        client = boto3.client("secretsmanager", REGION)
        names = [one["Name"] for one in client.list_secrets()["SecretList"]]
        [client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True) for name in names]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """An environment in which both clouds answer; gives the folder of the doubles' cloud."""
    folder = tmp_path_factory.mktemp("live")
    ours = {
        "PATH": f"{DOUBLES}{os.pathsep}{os.environ['PATH']}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "BOKA_DOUBLE_CLOUD": str(folder / "cloud"),
        "CLOUDFLARE_API_TOKEN": "a-token-for-a-double",
    }
    patch = pytest.MonkeyPatch()
    # A question of the doctor's that moto does not know.
    counted = json.dumps({"CostAllocationTags": []})
    patch.setattr(CostExplorerResponse, "list_cost_allocation_tags", lambda _: counted, raising=False)
    with mock_aws(), MotoOverHttp() as aws, Cloudflare() as cloudflare:
        cloudflare.zone |= {"name": "boka-staging.example"}
        for name, value in {**ours, "AWS_ENDPOINT_URL": aws.url, "CLOUDFLARE_BASE_URL": cloudflare.url}.items():
            patch.setenv(name, value)
        yield folder
        cloudflare.shutdown()
        aws.shutdown()
    patch.undo()


@pytest.fixture(scope="module")
def place(world):
    """A copy of the checkout with the settings of a throwaway."""
    settings = world / "live.yaml"
    text = (REPOSITORY / "Pulumi.staging.yaml").read_text().replace("111122223333", ACCOUNT)
    more = "".join(f"  boka:{key}: {json.dumps(value)}\n" for key, value in LIVE.items() if key != "account_id")
    text = text.replace(UNKNOWN_IMAGE, IMAGE).replace("  boka:backup_keep_days: 7\n", "")
    settings.write_text(text + more)
    made = Double(settings.with_suffix(".run"))
    made.prepare(settings)
    return made


def made_in(world):
    """The types of what is there in the doubles' cloud, once for each."""
    return [path.parent.name for path in (world / "cloud").glob("*/*.json")]


def live(world, place, visit):
    """A run to its end, and everything that it said."""
    chosen, said = cloud_settings.load("staging", as_text(settings_of("staging", **LIVE))), []
    done = run(
        steps_of(place, world / "live.yaml", visit, said.append, ("--hosts-only",)),
        lambda: take_down(place, lambda: of_aws(chosen), said.append, pause=lambda _: None),
        limit_s=900, clock=time.monotonic, say=said.append,
    )  # fmt: skip
    print("\n".join(said))  # noqa: T201 - what a reader of a failure needs
    return done


@pytest.fixture(scope="module")
def raised():
    """What stood when somebody would have booked."""
    return []


@pytest.fixture(scope="module")
def ended(world, place, raised):
    def visit(_):
        chosen = cloud_settings.load("staging", as_text(settings_of("staging", **LIVE)))
        raised.extend([*made_in(world), *of_aws(chosen)])
        return "nothing: no host boots here"

    return live(world, place, visit)


@pytest.fixture(scope="module")
def interrupted(world, place, ended):
    """A second run, to which somebody says Ctrl-C while its first layer is being made."""
    assert ended.good

    def interrupt():
        while len(made_in(world)) < ENOUGH:
            time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    return live(world, place, lambda _: "never")


def test_every_step_goes_well_and_nothing_is_left(ended):
    assert (ended.failure, ended.left) == ("", [])


@pytest.mark.usefixtures("ended")
def test_the_stack_stood_in_between(raised):
    assert {"Vpc", "Instance", "Bucket", "R2Bucket", "Secret"} <= set(raised)
    assert [one for one in raised if ":secret:boka/staging/" in one] != []


def test_the_settings_are_left_as_init_made_them(ended, world, place):
    assert ended.good
    assert "encryptedkey: " in (world / "live.yaml").read_text()
    assert place.settings.read_text() == (world / "live.yaml").read_text()


def test_who_interrupts_it_while_things_are_made_leaves_nothing(interrupted, world):
    assert interrupted.failure == "raise the stack: stopped by hand"
    assert (interrupted.left, made_in(world)) == ([], [])
