"""The JSON of each verb is a contract: a change here is a change for everybody's scripts."""

import json
from pathlib import Path

import pytest

from ops.cloud.leftovers import Unended
from ops.commands.env import Exports
from ops.commands.hosts import Hosts
from ops.commands.journal import One, Recent
from ops.commands.open import Opened
from ops.doctor import Examination, Finding
from ops.engine import Outcome
from ops.health import Answer, Health
from ops.journal import Run
from ops.outlook import Tasks
from ops.summary import HostsRaised, PartRaised, Played, Previewed, Raised, Removed, Unlocked

GOLDEN = Path(__file__).parent / "golden"
HOST = {
    "address": "198.18.0.41",
    "groups": ["db"],
    "memory_mib": 1536,
    "cpus": 2.0,
    "host_key": "ssh-ed25519 AAAA",
    "volumes": {},
}
RUN = Run(
    number=7, verb="up", stack="local", who="ana", pid=712, started="2026-11-21T08:00:00+00:00", outcome="done",
    ended="2026-11-21T08:05:00+00:00", exit_code=0, summary="Stack local serves.", log="/srv/boka/000007.log",
    phases={"hosts": 14.2}, hosts={"site": {"db1": {"ok": 40, "changed": 2, "failed": 0}}},
)  # fmt: skip
RESULTS = {
    "up": Raised(
        stack="local", profile="full", site="https://boka.test", virtual_address="198.18.0.10",
        root_certificate="/srv/boka/ca/site-root.pem",
        staff="as owner@demo.test, password: boka secret auth/first_login",
        hosts={"db1": "198.18.0.41"}, release="2026.46.2", resources_changed=12, tasks_changed=340,
        restarts=["db1: Restart postgresql"], phases={"hosts": 14.2, "configure": 240.0}, journal=7,
    ),
    "up-hosts-only": HostsRaised(
        stack="local", hosts={"db1": "198.18.0.41"}, resources_changed=12, phases={"hosts": 14.2}
    ),
    "preview": Previewed(
        stack="local", resources=Outcome(changes={"create": 2, "update": 1, "same": 10}),
        tasks=Tasks(
            hosts={"app1": 3, "db1": 0}, restarts=["app1: Restart the booking service"],
            unseen={"app2": "it would be created"},
        ),
    ),
    "preview-same": Previewed(
        stack="local", resources=Outcome(changes={"same": 12}), tasks=Tasks(hosts={"app1": 0, "db1": 0})
    ),
    "preview-resources": Previewed(
        stack="production", resources=Outcome(changes={"same": 12}, unseen=("production",))
    ),
    "up-by-plan": PartRaised(stack="production", resources=Outcome(changes={"create": 144}, unseen=("production",))),
    "unlock": Unlocked(
        stack="production",
        freed=[
            "pulumi of ana@build1 (pid 712) holds the state of production since 2026-11-21 08:05 UTC, for 41 min",
        ],
        unended=[
            Unended(
                layer="production", operation="creating", type="aws:ec2/instance:Instance",
                urn="urn:pulumi:production::boka::aws:ec2/instance:Instance::app4", look="look: aws ec2",
            )
        ],
    ),
    "down": Removed(stack="local", phases={"hosts": 9.0, "state": 0.1}),
    "deploy": Played(
        stack="local", verb="deploy", hosts=["app1", "app2"], tasks_changed=8, restarts=[], phases={"deploy": 41.0},
        release="2026.46.2",
    ),
    "status": Health(
        stack="local", profile="full", site="https://boka.test", busy="", last_run="Last run: boka up, done, 08:05",
        answers=[
            Answer("db1", "ssh", "198.18.0.41", 22, "", 2.1),
            Answer("site", "https://boka.test", "198.18.0.10", 443, "answers 503 Service Unavailable", 8.4),
        ],
    ),
    "doctor": Examination(
        findings=[Finding(need="root", seen="uid 0"), Finding(need="overlayfs", seen="absent", cure="modprobe overlay")]
    ),
    "hosts": Hosts(stack="local", hosts={"db1": HOST}),
    "journal": Recent([RUN]),
    "journal-show": One(RUN),
    "env": Exports({"BOKA_STACK": "local", "PULUMI_CONFIG_PASSPHRASE": ""}),
    "open": Opened(
        url="https://boka.test:8443", hosts_line="127.0.0.1 boka.test", forward="127.0.0.1:8443",
        root_certificate="/var/lib/boka/local/ca/site-root.pem",
    ),
}  # fmt: skip


@pytest.mark.parametrize("verb", RESULTS)
def test_the_json_is_as_agreed(verb):
    agreed = json.loads((GOLDEN / f"{verb}.json").read_text())

    assert json.loads(json.dumps(RESULTS[verb].as_json())) == agreed


@pytest.mark.parametrize("verb", RESULTS)
def test_the_sentences_are_as_agreed(verb):
    assert "\n".join(RESULTS[verb].lines()) + "\n" == (GOLDEN / f"{verb}.txt").read_text()
