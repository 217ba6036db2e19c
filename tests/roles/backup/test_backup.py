"""Backups as whoever needs one meets them: made in both repositories, unreadable without the password, watched."""

import json

import pytest

testinfra_hosts = ["ansible://ops?sudo=true"]
pytestmark = pytest.mark.journal("pgbackrest.service")
PGBACKREST = "runuser -u postgres -- pgbackrest --stanza=boka"


# Both at once would fail on an encrypted second repository whose password is elsewhere (pgbackrest/pgbackrest#2291).
@pytest.mark.parametrize("repository", [1, 2], ids=["on the operations host", "in object storage"])
def test_the_database_host_sees_a_full_backup(host, repository):
    database = host.get_host("ansible://db1?sudo=true", ansible_inventory=host.backend.ansible_inventory)

    (stanza,) = json.loads(database.check_output(f"{PGBACKREST} --repo={repository} --output=json info"))

    assert stanza["status"]["message"] == "ok"
    assert "full" in [one["type"] for one in stanza["backup"] if not one["error"]]


def test_a_new_wal_file_reaches_both_repositories(host):
    answer = host.run(f"{PGBACKREST} check")

    assert answer.rc == 0, answer.stdout + answer.stderr


def test_the_copy_in_object_storage_is_unreadable_without_the_password(host, stack):
    world = host.get_host("ansible://world1?sudo=true", ansible_inventory=host.backend.ansible_inventory)
    bucket = f"/srv/world/s3/{stack.buckets['backup']}"

    starts = world.check_output("find %s -name '*.info' -exec head -c 8 {} ';' -exec echo ';'", bucket).split()

    assert set(starts) == {"Salted__"}


def test_a_host_without_a_database_gets_no_answer(host, address):
    app = host.get_host("ansible://app1", ansible_inventory=host.backend.ansible_inventory)

    answer = app.run("curl -sS --max-time 1 telnet://%s:8432", address("ops1"))

    assert answer.rc == 28, "curl's code for no answer in time"


def test_each_schedule_has_a_next_time(host):
    timers = "backup@full.timer backup@incr.timer backup@verify.timer backup-metrics.timer"

    answer = host.check_output(f"systemctl show --property=NextElapseUSecRealtime --value {timers}")

    assert len([line for line in answer.splitlines() if line]) == 4


def test_the_age_of_the_newest_backup_is_a_metric(host, address):
    answer = host.check_output("curl -sS http://%s:9100/metrics", address("ops1"))

    assert 'boka_backup_last_completed_timestamp_seconds{repository="2"}' in answer
