"""What the roles of data, service and monitoring write, rendered by Ansible's own engine.

No daemon reads it here: each role validates with its daemon on the host, and the role tests run there.
"""

from typing import Any

import pytest
import yaml
from ansible.template import trust_as_template

from tests.roles.render import evaluate, render, role_variables, wiring

HOSTS = {
    "app1": {"address": "198.18.0.21", "cpus": 2, "memory_mib": 768},
    "app2": {"address": "198.18.0.22", "cpus": 2, "memory_mib": 768},
    "db1": {"address": "198.18.0.41", "cpus": 2, "memory_mib": 1536},
    "ops1": {"address": "198.18.0.61", "cpus": 1.5, "memory_mib": 1920},
}
GROUPS = {"all": [*HOSTS], "edge": [], "app": ["app1", "app2"], "db": ["db1"], "cache": ["ops1"], "ops": ["ops1"]}
PORTS = {
    "booking": 8000,
    "booking_worker": 8001,
    "node_exporter": 9100,
    "prometheus": 9090,
    "alertmanager": 9093,
    "postgresql": 5432,
}
JOB = {"name": "node", "targets": [{"name": "db1", "address": "198.18.0.41:9100"}]}
S3 = {"endpoint": "world1:7070", "bucket": "backups", "region": "us-east-1", "key": "k", "secret": "s"}


def host(name: str, **more: Any) -> dict[str, Any]:
    """Return what the inventory tells one host of a small stack."""
    return {
        "inventory_hostname": name,
        "groups": GROUPS,
        "boka_hosts": HOSTS,
        "boka_ports": PORTS,
        "boka_stack": "local",
        "boka_endpoints": {"site": "https://boka.test"},
        **more,
    }


def settings(text: str) -> dict[str, str]:
    """Return `name = value` lines as a map; comments after a value are cut off."""
    pairs = (line.partition("#")[0].partition("=") for line in text.splitlines() if "=" in line.partition("#")[0])
    return {name.strip(): value.strip() for name, _, value in pairs}


# PostgreSQL
@pytest.mark.parametrize(
    ("memory_mib", "shared_buffers"), [(1536, "384MB"), (256, "64MB")], ids=["the default host", "the smallest"]
)
def test_postgresql_takes_a_quarter_of_the_hosts_memory(memory_mib, shared_buffers):
    found = settings(render("postgresql", "postgresql.conf.j2", postgresql_memory_mib=memory_mib))

    assert found["shared_buffers"] == shared_buffers


def test_postgresql_speaks_tls_1_3_and_scram_only():
    found = settings(render("postgresql", "postgresql.conf.j2"))

    assert (found["ssl"], found["ssl_min_protocol_version"]) == ("on", "'TLSv1.3'")
    assert found["password_encryption"] == "'scram-sha-256'"


def test_wal_is_kept_only_with_a_command():
    found = settings(render("postgresql", "postgresql.conf.j2"))

    assert (found["archive_mode"], found["archive_command"]) == ("off", "''")


def test_a_quote_in_the_archive_command_is_doubled():
    found = settings(render("postgresql", "postgresql.conf.j2", postgresql_archive_command="keep '%p'"))

    assert (found["archive_mode"], found["archive_command"]) == ("on", "'keep ''%p'''")


def test_parameters_of_statements_are_never_logged():
    found = settings(render("postgresql", "postgresql.conf.j2"))

    assert (found["log_parameter_max_length"], found["log_parameter_max_length_on_error"]) == ("0", "0")


def test_whoever_is_not_named_is_refused():
    lines = render("postgresql", "pg_hba.conf.j2").splitlines()

    assert [line for line in lines if not line.startswith("#")][-1] == "host all all all reject"


def test_nobody_is_trusted_and_every_connection_from_outside_is_tls():
    access = [{"role": "booking_app", "database": "booking", "addresses": ["198.18.0.21/32"]}]

    text = render("postgresql", "pg_hba.conf.j2", postgresql_access=access)

    assert "hostssl booking booking_app 198.18.0.21/32 scram-sha-256" in text
    assert " trust" not in text


def test_a_password_never_reaches_the_server():
    roles = [{"name": "booking_app", "password": "do-not-show"}]

    text = render("postgresql", "access.sql.j2", postgresql_roles=roles)

    assert "do-not-show" not in text
    assert r"\set verifier 'SCRAM-SHA-256$4096:" in text


def test_only_the_app_hosts_may_come_as_the_service_and_only_one_as_the_owner():
    variables = role_variables("postgresql") | wiring("db/postgresql.yml") | host("db1")

    access = {entry["role"]: entry["addresses"] for entry in evaluate("postgresql_access", variables)}

    assert access["booking_app"] == ["198.18.0.21/32", "198.18.0.22/32"]
    assert access["booking_owner"] == ["198.18.0.21/32"]


# Valkey
def test_valkey_has_no_port_without_tls():
    found = dict(line.split(" ", 1) for line in render("valkey", "valkey.conf.j2").splitlines() if line[:1].isalpha())

    assert (found["port"], found["tls-port"]) == ("0", "6379")


def test_the_nameless_user_is_off_and_passwords_are_hashed():
    users = [{"name": "booking", "password": "do-not-show", "commands": ["+@all"]}]

    text = render("valkey", "users.acl.j2", valkey_users=users)

    assert text.startswith("user default off\nuser booking on #")
    assert "do-not-show" not in text


# Backup
def test_a_client_knows_neither_the_password_nor_the_keys_of_the_storage():
    text = render("backup", "pgbackrest.conf.j2", backup_mode="client", backup_s3=S3, backup_cipher="do-not-show")

    assert "repo2-host=" in text
    assert not any(word in text for word in ("cipher-pass", "s3-key", "do-not-show"))


def test_both_repositories_are_encrypted():
    found = settings(render("backup", "pgbackrest.conf.j2", backup_mode="repository", backup_s3=S3, backup_cipher="c"))

    assert (found["repo1-cipher-type"], found["repo2-cipher-type"]) == ("aes-256-cbc", "aes-256-cbc")


def test_without_object_storage_there_is_one_repository():
    text = render("backup", "pgbackrest.conf.j2", backup_mode="repository", backup_cipher="c")

    assert "repo2" not in text


def test_fetching_wal_never_runs_ahead():
    text = render("backup", "pgbackrest.conf.j2", backup_mode="client")

    assert text.index("archive-async=y") > text.index("[global:archive-push]")
    assert text.count("archive-async") == 1


def test_a_failed_repository_does_not_keep_the_next_one_from_its_turn():
    text = render("backup", "boka-backup.sh.j2", backup_s3=S3)

    assert "for repository in 1 2; do" in text
    assert '|| failed=1\ndone\nexit "$failed"' in text


# Booking
def test_the_service_gets_its_secrets_as_credentials_only():
    variables = {"booking_database_password": "do-not-show", "booking_signing_key": "do-not-show-either"}

    text = render("booking", "booking-api.service.j2", **variables) + render("booking", "booking.env.j2", **variables)

    assert "LoadCredential=database_password:" in text
    assert "do-not-show" not in text


def test_the_release_that_serves_names_itself():
    text = render("booking", "booking-api.service.j2")

    assert "EnvironmentFile=/opt/booking/current/release.env" in text


def test_the_demonstration_tenant_is_made_only_where_asked():
    assert "seed-demo" not in render("booking", "booking-migrate.service.j2")
    assert "seed-demo" in render("booking", "booking-migrate.service.j2", booking_demo=True)


def test_only_the_first_app_host_gets_the_owners_password():
    wired = role_variables("booking") | wiring("app/booking.yml")
    owner = wired["booking_owner_password"].replace("lookup('secret', 'database/booking_owner')", "'owner'")
    wired["booking_owner_password"] = trust_as_template(owner)

    assert evaluate("booking_owner_password", wired | host("app1")) == "owner"
    assert evaluate("booking_owner_password", wired | host("app2")) == ""


def test_the_service_believes_the_edges_about_addresses_and_nobody_else():
    hosts = HOSTS | {"edge1": {"address": "192.0.2.1"}, "edge2": {"address": "192.0.2.2"}}
    seen = host("app1", groups=GROUPS | {"edge": ["edge1", "edge2"]}, boka_hosts=hosts)

    proxies = evaluate("booking_trusted_proxies", role_variables("booking") | wiring("app/booking.yml") | seen)

    assert proxies == ["192.0.2.1", "192.0.2.2"]
    assert "BOKA_TRUSTED_PROXIES=192.0.2.1 192.0.2.2\n" in render(
        "booking", "booking.env.j2", booking_trusted_proxies=proxies
    )


# Monitoring
def test_every_host_is_scraped_under_its_name():
    variables = role_variables("prometheus") | wiring("ops/prometheus.yml") | host("ops1")

    jobs = {job["name"]: job for job in evaluate("prometheus_jobs", variables)}

    assert [target["name"] for target in jobs["node"]["targets"]] == ["app1", "app2", "db1", "ops1"]
    assert jobs["booking"]["targets"][0] == {"name": "app1", "address": "198.18.0.21:8000"}


def test_prometheus_configuration_is_yaml_with_each_target():
    config = yaml.safe_load(render("prometheus", "prometheus.yml.j2", prometheus_jobs=[JOB]))

    (job,) = config["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["198.18.0.41:9100"], "labels": {"host": "db1"}}]


def test_each_target_has_an_alert_for_being_scraped_no_longer():
    rules = yaml.safe_load(render("prometheus", "rules.yml.j2", prometheus_jobs=[JOB]))

    alerts = [rule for group in rules["groups"] for rule in group["rules"] if rule["alert"] == "TargetMissing"]
    assert [alert["expr"] for alert in alerts] == ['absent(up{job="node", host="db1"})']


def test_every_alert_says_how_bad_it_is_and_what_happened():
    rules = yaml.safe_load(render("prometheus", "rules.yml.j2", prometheus_jobs=[JOB]))

    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    assert all(alert["labels"]["severity"] in {"critical", "warning", "none"} for alert in alerts)
    assert all(alert["annotations"]["summary"].endswith(".") for alert in alerts)


def test_alerts_stay_in_alertmanager_without_a_webhook():
    config = yaml.safe_load(render("alertmanager", "alertmanager.yml.j2"))

    assert config["receivers"] == [{"name": "operators"}]


def test_the_services_socket_does_not_wait_for_the_network_at_boot():
    assert settings(render("booking", "booking-api.socket.j2"))["FreeBind"] == "yes"


@pytest.mark.parametrize(
    ("role", "template"),
    [
        ("node_exporter", "prometheus-node-exporter.service.j2"),
        ("alertmanager", "prometheus-alertmanager.service.j2"),
        ("prometheus", "prometheus.service.j2"),
        ("backup", "pgbackrest.service.j2"),
        ("backup", "backup.service.j2"),
        ("booking", "booking-api.service.j2"),
        ("booking", "booking-migrate.service.j2"),
    ],
)
def test_a_unit_of_ours_is_confined(role, template):
    found = settings(render(role, template))

    assert (found["ProtectSystem"], found["NoNewPrivileges"], found["CapabilityBoundingSet"]) == ("strict", "yes", "")
