"""What a killed run left in the state bucket, as `boka unlock` reads and settles it. AWS is moto's."""

import io
import json
import os
import socket
import sys
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from cloud_account import BUCKET, REGION, settle
from moto import mock_aws

from ops import cli
from ops.cloud import leftovers as cloud_leftovers
from ops.cloud.leftovers import StateHeld, Unsettled
from ops.errors import UsageError
from ops.stacks import Stack

PRODUCTION = Stack("production")
PROVIDER = "secretsprovider: awskms://alias/boka-production-state?region=eu-central-1\nencryptedkey: AQID\nconfig:"
LOCK = ".pulumi/locks/organization/boka/production/5b6e.json"
STATE = ".pulumi/stacks/boka/production.json"
HOST = {
    "urn": "urn:pulumi:production::boka::boka:aws:Hosts$aws:ec2/instance:Instance::app4",
    "type": "aws:ec2/instance:Instance",
    "inputs": {"tags": {"Name": "app4"}},
}
GROUP = {
    "urn": "urn:pulumi:production::boka::aws:ec2/securityGroup:SecurityGroup::app",
    "type": "aws:ec2/x:SecurityGroup",
}


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    """Put objects into the state bucket."""
    file = settle(tmp_path, monkeypatch)
    file.write_text(file.read_text().replace("config:", PROVIDER))
    with mock_aws():
        s3 = boto3.client("s3", REGION)
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield lambda key, content: s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(content))


def lock(host="build1", pid=712):
    # As Pulumi writes it: nanoseconds, and the time zone of its machine.
    return {"pid": pid, "username": "ana", "hostname": host, "timestamp": "2026-11-21T10:05:00.123456789+02:00"}


def state(*pending, resources=()):
    return {"checkpoint": {"latest": {"resources": list(resources), "pending_operations": list(pending)}}}


def creating(resource):
    return {"resource": resource, "type": "creating"}


@pytest.mark.usefixtures("bucket")
def test_a_state_that_nobody_holds_is_not_refused():
    cloud_leftovers.refuse_held(PRODUCTION)
    cloud_leftovers.refuse_unsettled(PRODUCTION)


def test_who_holds_a_state_is_named_with_machine_process_and_time(bucket):
    bucket(LOCK, lock())
    told = r"ana@build1 \(pid 712\) holds the state of production since 2026-11-21 08:05 UTC, for \d+ min\."

    with pytest.raises(StateHeld, match=rf"{told} If that run is over for certain: boka unlock production"):
        cloud_leftovers.refuse_held(PRODUCTION)


def test_a_holder_that_runs_here_is_to_be_waited_for(bucket, monkeypatch):
    bucket(LOCK, lock(host=socket.gethostname(), pid=os.getpid()))
    monkeypatch.setattr("ops.leftovers.is_pulumi", lambda pid: pid == os.getpid())

    with pytest.raises(StateHeld, match=r"It runs on this machine: wait for it\.$"):
        cloud_leftovers.refuse_held(PRODUCTION)


def test_freeing_takes_the_lock_that_was_seen_and_no_later_one(bucket):
    bucket(LOCK, lock())
    (seen,) = cloud_leftovers.locks(PRODUCTION)
    bucket(LOCK.replace("5b6e", "77aa"), lock(pid=900))

    cloud_leftovers.free(PRODUCTION, seen)

    assert [one.pid for one in cloud_leftovers.locks(PRODUCTION)] == [900]


def test_what_was_being_created_is_named_with_the_way_to_look_it_up(bucket):
    bucket(STATE, state(creating(HOST), {"resource": GROUP, "type": "updating"}))

    with pytest.raises(Unsettled) as refused:
        cloud_leftovers.refuse_unsettled(PRODUCTION)

    told = str(refused.value)
    assert "was creating 1 resources" in told
    assert HOST["urn"] in told
    assert "get-resources --region eu-central-1 --tag-filters Key=Name,Values=app4" in told


@pytest.mark.parametrize(
    ("resource", "look"),
    [
        pytest.param({"type": "aws:s3/x:BucketVersioning", "inputs": {}}, "in the account at aws", id="without tags"),
        pytest.param(
            {"type": "cloudflare:index/dnsRecord:DnsRecord", "inputs": {"name": "www"}},
            "cloudflare for www",
            id="names",
        ),
        pytest.param({"type": "pulumi-python:dynamic/boka:HostKey"}, "nothing to look for", id="made on this machine"),
    ],
)
def test_each_kind_has_a_way_to_look_it_up(bucket, resource, look):
    bucket(STATE, state(creating({"urn": "urn:pulumi:production::boka::x::y", **resource})))

    (found,) = cloud_leftovers.unended(PRODUCTION)

    assert look in found.look


def test_a_layer_without_outputs_was_not_raised_to_its_end(bucket):
    bucket(STATE, state(resources=[{"type": "pulumi:pulumi:Stack"}]))
    half = cloud_leftovers.is_whole(PRODUCTION, "production")
    bucket(STATE, state(resources=[{"type": "pulumi:pulumi:Stack", "outputs": {"site": "https://boka.example"}}]))

    assert (half, cloud_leftovers.is_whole(PRODUCTION, "production")) == (False, True)


def test_what_is_there_is_taken_in_with_its_id_and_the_rest_forgotten():
    pending = [creating(HOST), creating(GROUP), {"resource": GROUP, "type": "updating"}]
    before = {"resources": [{"urn": "urn:x"}], "pending_operations": pending}

    after = cloud_leftovers.settled(before, {HOST["urn"]: "i-0abc"}, none_made=True)

    assert after["resources"] == [{"urn": "urn:x"}, {**HOST, "id": "i-0abc"}]
    assert after["pending_operations"] == [{"resource": GROUP, "type": "updating"}]


def test_what_nobody_settled_stays_open():
    before = {"resources": [], "pending_operations": [creating(HOST), creating(GROUP)]}

    after = cloud_leftovers.settled(before, {HOST["urn"]: "i-0abc"}, none_made=False)

    assert after["pending_operations"] == [creating(GROUP)]


def test_the_second_of_one_name_is_not_taken_in():
    before = {"resources": [{**HOST, "id": "i-old"}], "pending_operations": [creating(HOST)]}

    with pytest.raises(UsageError, match="instance app4 is there already"):
        cloud_leftovers.settled(before, {HOST["urn"]: "i-new"}, none_made=False)


@pytest.mark.parametrize("word", ["app9=i-0abc", "app4", "app4="])
def test_an_id_of_nothing_that_was_being_created_is_refused(bucket, word):
    bucket(STATE, state(creating(HOST)))

    with pytest.raises(UsageError, match=rf"--made {word}: it takes NAME=ID .*\(app4\)"):
        cloud_leftovers.by_urn(PRODUCTION, cloud_leftovers.unended(PRODUCTION), [word])


def test_how_long_a_lock_is_held_is_told_in_minutes(bucket):
    bucket(LOCK, lock())
    (seen,) = cloud_leftovers.locks(PRODUCTION)

    assert seen.describe(datetime(2026, 11, 21, 8, 5, tzinfo=UTC) + timedelta(minutes=41)).endswith("for 41 min")


@pytest.fixture
def unlock(monkeypatch, capsys):
    """Type `boka unlock production`, answer its question; get exit code, stdout, stderr."""

    def run(*words, answer=""):
        monkeypatch.setattr(sys, "argv", ["boka", "unlock", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, *capsys.readouterr()

    return run


def test_unlock_takes_the_lock_of_a_run_elsewhere_once_its_name_is_typed(bucket, unlock):
    bucket(LOCK, lock())

    code, out, err = unlock("production", answer="production\n")

    assert (code, cloud_leftovers.locks(PRODUCTION)) == (0, [])
    assert "ana@build1 (pid 712)" in err
    assert out.startswith("The state of stack production is free; 1 lock taken away.\nNothing was under way.")


def test_unlock_without_the_stacks_name_changes_nothing(bucket, unlock):
    bucket(LOCK, lock())

    code, _, _ = unlock("production", answer="yes\n")

    assert (code, len(cloud_leftovers.locks(PRODUCTION))) == (5, 1)


def test_unlock_refuses_while_the_holder_lives_on_this_machine(bucket, unlock, monkeypatch):
    bucket(LOCK, lock(host=socket.gethostname(), pid=os.getpid()))
    monkeypatch.setattr("ops.leftovers.is_pulumi", lambda _: True)

    code, _, err = unlock("production", "--yes")

    assert (code, len(cloud_leftovers.locks(PRODUCTION))) == (6, 1)
    assert "It runs on this machine: wait for it." in err


def test_a_stack_on_this_machine_needs_no_unlock(unlock):
    code, _, err = unlock("local")

    assert (code, "boka up frees it by itself" in err) == (2, True)
