"""What must hold for any settings: nothing open but the edge's two ports, every bucket shut, every disk encrypted."""

import json
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recorder import record

WORLD = {"0.0.0.0/0", "::/0"}
# Few, because each records two layers; the decisions themselves are tested over many more values elsewhere.
FEW = settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
CHOICES = st.fixed_dictionaries(
    {
        "egress": st.sampled_from(["nat-per-zone", "nat-single", "endpoints"]),
        "profile": st.sampled_from(["full", "small"]),
        "app_hosts": st.sampled_from([2, 3, 12]),
        "owns_account": st.booleans(),
        "cdn": st.booleans(),
    }
)


def open_ports(graph):
    rules = graph.of("SecurityGroupIngressRule").values()
    wide = [one for one in rules if {one.inputs.get("cidrIpv4"), one.inputs.get("cidrIpv6")} & WORLD]
    return {(of_group(one.inputs), one.inputs["fromPort"], one.inputs["toPort"]) for one in wide}


@FEW
@given(CHOICES)
def test_for_any_settings_the_network_is_shut_and_the_hosts_stand_where_the_plan_says(chosen):
    base, made = record("staging-base", **chosen), record("staging", **chosen)

    assert open_ports(made) == (set() if chosen["cdn"] else {("balancer", 80, 80), ("balancer", 443, 443)})
    assert open_ports(base) == set()
    assert misplaced(base, made) == []


def misplaced(base, made):
    networks = [ip_network(one.inputs["cidrBlock"]) for one in base.of("Subnet").values()]
    addresses = [ip_address(one.inputs["privateIp"]) for one in made.of("Instance").values()]
    return [one for one in addresses if sum(one in network for network in networks) != 1 or addresses.count(one) != 1]


def test_ssh_comes_from_operators_to_the_bastion_and_from_there_only(graphs):
    rules = [
        one for one in graphs["production"].of("SecurityGroupIngressRule").values() if one.inputs["fromPort"] == 22
    ]
    from_outside = [one.inputs["cidrIpv4"] for one in rules if "cidrIpv4" in one.inputs]

    assert from_outside == ["203.0.113.10/32"]
    assert len({one.inputs.get("referencedSecurityGroupId") for one in rules}) == 2


def test_only_the_bastion_and_the_load_balancer_have_public_addresses(graphs):
    made = graphs["production"]

    assert set(made.of("Eip")) == {"ops1", "eu-central-1a", "eu-central-1b", "eu-central-1c"}
    assert [one for one in made.of("Instance").values() if one.inputs["associatePublicIpAddress"]] == []


def test_every_egress_rule_names_one_port(graphs):
    rules = graphs["production"].of("SecurityGroupEgressRule").values()

    assert [one.name for one in rules if one.inputs["fromPort"] != one.inputs["toPort"]] == []


def test_what_may_leave_is_web_mail_and_the_issuers_questions_about_names(graphs):
    rules = graphs["production"].of("SecurityGroupEgressRule").values()
    wide = [one.inputs for one in rules if {one.inputs.get("cidrIpv4"), one.inputs.get("cidrIpv6")} & WORLD]

    found = {(of_group(one), one["ipProtocol"], one["fromPort"]) for one in wide}

    web = {(group, "tcp", 443) for group in ("edge", "app", "db", "cache", "ops")}
    mail = {(group, "tcp", 587) for group in ("app", "ops")}
    assert found == web | mail | {("ops", "tcp", 53), ("ops", "udp", 53)}


def of_group(inputs):
    return inputs["tags"]["Name"].rpartition("-")[2]


@pytest.mark.parametrize(
    "kind",
    [
        "BucketPublicAccessBlock",
        "BucketOwnershipControls",
        "BucketVersioning",
        "BucketServerSideEncryptionConfiguration",
        "BucketLifecycleConfiguration",
    ],
)
def test_every_bucket_is_locked_down(graphs, kind):
    base = graphs["production-base"]

    assert set(base.of(kind)) == set(base.of("Bucket"))
    assert not any(one.inputs["forceDestroy"] for one in base.of("Bucket").values())


def test_every_bucket_speaks_tls_only(graphs):
    policies = {name: one.inputs["policy"] for name, one in graphs["production-base"].of("BucketPolicy").items()}
    denied = {
        name: [one["Sid"] for one in json.loads(text)["Statement"] if one["Effect"] == "Deny"]
        for name, text in policies.items()
    }

    assert set(denied) == {"backup", "replica", "artefacts", "logs"}
    assert all({"TlsOnly", "ModernTls"} <= set(sids) for sids in denied.values())


def test_backups_cannot_be_deleted_in_either_region(graphs):
    locks = graphs["production-base"].of("BucketObjectLockConfiguration")

    assert {name: one.inputs["rule"]["defaultRetention"] for name, one in locks.items()} == {
        "backup": {"mode": "COMPLIANCE", "days": 30},
        "replica": {"mode": "COMPLIANCE", "days": 30},
    }


def test_a_deletion_is_not_replicated(graphs):
    (rule,) = graphs["production-base"].of("BucketReplicationConfig")["replication"].inputs["rules"]

    assert rule["deleteMarkerReplication"] == {"status": "Disabled"}


def test_every_disk_is_encrypted_by_the_stacks_own_key(graphs):
    made = graphs["production"]
    disks = [one.inputs["rootBlockDevice"] for one in made.of("Instance").values()]
    disks += [one.inputs for one in made.of("Volume").values()]

    assert all(disk["encrypted"] and "key/volumes" in disk["kmsKeyId"] for disk in disks)


def test_every_host_asks_for_a_token_before_it_tells_who_it_is(graphs):
    options = [one.inputs["metadataOptions"] for one in graphs["production"].of("Instance").values()]

    assert all((one["httpTokens"], one["httpPutResponseHopLimit"]) == ("required", 1) for one in options)


def test_every_key_rotates(graphs):
    assert all(one.inputs["enableKeyRotation"] for one in graphs["production-base"].of("Key").values())


def test_every_data_volume_has_recovery_points(graphs):
    volumes = graphs["production"].of("Volume")

    assert {name: one.inputs["tags"]["Backup"] for name, one in volumes.items()} == {
        "db1-data": "daily",
        "db2-data": "daily",
        "ops1-data": "daily",
    }


def test_the_default_security_group_lets_nothing_through(graphs):
    default = graphs["production-base"].of("DefaultSecurityGroup")["default"]

    assert (default.inputs["ingress"], default.inputs["egress"]) == ([], [])


def test_the_hand_over_is_the_same_contract(graphs):
    from infra.handover import StackFile  # noqa: PLC0415 - the contract itself

    content = graphs["production"].of("StackFile")["stack-file"].inputs["content"]

    found = StackFile.model_validate_json(content)

    assert found.network.virtual_address == "203.0.113.80"
    assert found.hosts["db1"].address == "10.20.128.41"
    assert found.hosts["db1"].host_key.startswith("ssh-ed25519 ")
    assert "PRIVATE" not in content


def test_no_role_may_read_a_secret_or_use_its_key(graphs):
    entries = graphs["production-base"].of("Secret").values()
    (key,) = {one.inputs["kmsKeyId"] for one in entries}
    policies = [one.inputs["policy"] for graph in graphs.values() for one in graph.of("RolePolicy").values()]

    assert key.endswith("/secrets")
    assert len(policies) > 4
    assert [text for text in policies if "secretsmanager" in text or key in text or '"kms:*"' in text] == []
