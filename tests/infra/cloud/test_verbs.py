"""The verbs on production: the real pulumi, its state in moto's S3 under moto's KMS; the providers are doubles.

One story: a first run that is killed, its recovery to a stack that stands, a second run, drift, a policy, a plan.
"""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import boto3
import cloud_checkout
import pytest
from cloud_checkout import ACCOUNT

pytestmark = pytest.mark.engine
RULE, OPEN = ("SecurityGroupIngressRule", "cidrIpv4", "203.0.113.10/32"), "0.0.0.0/0"


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


@pytest.fixture(scope="module")
def killed(world, previewed):  # noqa: ARG001 - the story's order
    """The first `boka up`, killed with its pulumi while two creations were under way, one of them done."""
    world.told("hangs", "Key volumes")
    world.told("hangs-made", "Bucket backup")
    # Two at a time: when both hang, nothing else is under way.
    run = world.begin("up", "--stack", "production", "--hosts-only", PULUMI_PARALLEL="2")
    until(lambda: lines_of(world.cloud / "hanging") == {"Key volumes", "Bucket backup"}, run)
    (pulumi,) = children_of(run.pid)
    for pid in (run.pid, pulumi):
        os.kill(pid, signal.SIGKILL)
    run.wait()
    world.told("hangs")
    world.told("hangs-made")
    return pulumi


@pytest.fixture(scope="module")
def locked(world, killed):
    assert killed
    return world.boka("up", "--stack", "production", "--hosts-only")


@pytest.fixture(scope="module")
def unlocked(world, locked):
    assert locked.returncode == 6, locked.stderr
    return world.boka("unlock", "production", "--yes", "--json")


@pytest.fixture(scope="module")
def unsettled(world, unlocked):
    assert unlocked.returncode == 0, unlocked.stderr
    return world.boka("up", "--stack", "production", "--hosts-only")


@pytest.fixture(scope="module")
def raised(world, unsettled):
    """Both layers, by the `boka up` that follows: the backup bucket is there, the key is not."""
    assert unsettled.returncode == 5, unsettled.stderr
    (bucket,) = [id_ for id_ in world.made("Bucket") if id_.startswith("boka-production-backup")]
    settled = world.boka("unlock", "production", "--yes", "--made", f"backup={bucket}", "--none-made")
    assert settled.returncode == 0, settled.stderr
    done = world.boka("up", "--stack", "production", "--hosts-only", "--json")
    assert done.returncode == 0, done.stderr
    return done


def test_a_state_that_a_killed_run_holds_is_refused_with_who_and_the_verb(killed, locked):
    assert f"@{socket.gethostname()} (pid {killed}) holds the state of production-base since" in locked.stderr
    assert "boka unlock production" in locked.stderr


def test_unlock_tells_what_was_under_way_and_how_to_look_it_up(unlocked):
    told = json.loads(unlocked.stdout)

    assert len(told["freed"]) == 1
    assert {(one["type"], one["urn"].rpartition("::")[2]) for one in told["unended"]} == {
        ("aws:kms/key:Key", "volumes"),
        ("aws:s3/bucket:Bucket", "backup"),
    }
    assert all("resourcegroupstaggingapi get-resources --region eu-" in one["look"] for one in told["unended"])


def test_nothing_is_made_while_it_is_not_known_what_was(unsettled):
    assert "creating aws:kms/key:Key volumes" in unsettled.stderr
    assert "boka unlock production --none-made" in unsettled.stderr


def test_the_next_up_completes_the_killed_one_and_makes_nothing_twice(world, raised):
    kinds = ("Key", "Bucket", "Instance")
    names = [f"{kind} {one['tags']['Name']}" for kind in kinds for one in world.made(kind).values()]

    assert len(json.loads(raised.stdout)["hosts"]) == len(world.made("Instance")) == 9
    assert {"Key volumes", "Bucket backup"} <= set(names)
    assert len(names) == len(set(names))


@pytest.mark.usefixtures("raised")
def test_no_process_of_the_killed_run_is_left(world):
    mark = f"BOKA_HOME={world.environment['BOKA_HOME']}".encode()

    assert [pid for pid, environment in environments() if mark in environment.split(b"\0")] == []


def test_a_run_says_what_it_will_do_and_what_that_costs_before_the_first_change(raised):
    said = raised.stderr
    would, cost = said.index("On stack production, boka up would create"), said.index("Cost, an estimate")

    assert would < cost < said.index(" created in ")


@pytest.fixture(scope="module")
def second(world, raised):  # noqa: ARG001 - the story's order
    done = world.boka("up", "--stack", "production", "--hosts-only", "--json")
    assert done.returncode == 0, done.stderr
    return done


def test_a_second_up_changes_nothing(second):
    assert json.loads(second.stdout)["resources_changed"] == 0, second.stderr


@pytest.mark.usefixtures("second")
def test_what_somebody_changed_by_hand_is_drift(world):
    with world.by_hand(*RULE, OPEN):
        seen = world.boka("drift", "--stack", "production", "--json", "--detailed-exitcode")

    assert (seen.returncode, json.loads(seen.stdout)["drifted"]) == (10, 1), seen.stderr
    assert "securitygroupingressrule ssh-from-203.0.113.10/32-ops is not as it was made (cidrIpv4)" in seen.stderr


@pytest.mark.usefixtures("second")
def test_a_setting_that_breaks_a_policy_stops_up_before_the_first_resource(world):
    before = world.all_made()
    world.decide("[203.0.113.10/32]", "[203.0.113.10/32, 128.0.0.0/1]")

    refused = world.boka("up", "--stack", "production", "--hosts-only")

    world.decide("[203.0.113.10/32, 128.0.0.0/1]", "[203.0.113.10/32]")
    assert refused.returncode == 3
    assert "policy world-sees-web-ports-only" in refused.stderr
    assert world.all_made() == before


@pytest.fixture(scope="module")
def planned(world, second):  # noqa: ARG001 - the story's order
    """A plan for one app host more."""
    world.decide("app_hosts: 3", "app_hosts: 4")
    done = world.boka("preview", "--stack", "production", "--resources-only", "--save-plan", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["changes"]


def test_a_plan_is_private_and_has_its_secrets_sealed(world, planned):
    files = list((world.cloud.parent / "home" / "production" / "plan").iterdir())

    assert planned["create"] == 3
    assert {path.name for path in files} == {"binding.json", "production-base.json", "production.json"}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert not [path for path in files if "PRIVATE KEY" in path.read_text()]


@pytest.mark.usefixtures("planned")
def test_what_changed_after_the_plan_is_refused_and_nothing_is_done(world):
    with world.by_hand(*RULE, OPEN):
        before = world.all_made()
        refused = world.boka("up", "--stack", "production", "--hosts-only", "--plan")
        after = world.all_made()

    assert refused.returncode == 5, refused.stderr
    seen = "securitygroupingressrule ssh-from-203.0.113.10/32-ops: planned same, now update (cidrIpv4)"
    assert seen in refused.stderr
    assert after == before


def test_up_does_what_was_planned(world, planned):
    done = world.boka("up", "--stack", "production", "--hosts-only", "--plan", "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["resources_changed"] == planned["create"] + planned["update"]
    assert "app4" in {one["tags"]["Name"] for one in world.made("Instance").values()}


def lines_of(path: Path) -> set[str]:
    return set(path.read_text().splitlines()) if path.exists() else set()


def environments() -> Iterator[tuple[int, bytes]]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            yield int(folder.name), (folder / "environ").read_bytes()


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def until(so: Callable[[], bool], run: subprocess.Popen[bytes]) -> None:
    """Wait for what the run brings about, as long as it lives."""
    while not so():
        assert run.poll() is None, "the run ended before"
        time.sleep(0.2)
