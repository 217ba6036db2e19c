"""What holds for every resource of every layer, whatever it is."""

import inspect
import json
import re

import pulumi_aws
import pytest
from recorder import record

from infra import naming

STATEFUL = set(naming.STATEFUL)
# EC2 refuses other characters in the descriptions of security groups; its service model does not say so.
EC2_DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}")


def test_every_resource_is_ours_by_type_or_the_providers(graph):
    ours = {one.type for one in graph.resources if not one.custom}

    assert ours <= set(naming.TOKENS.values())


def test_every_cloud_resource_lies_in_a_component(graph):
    outside = [one.urn for one in graph.cloud() if not re.search(r"[:$]boka:(aws|cloudflare):", one.parent)]

    assert outside == []


def test_every_cloud_resource_has_an_explicit_provider(graph):
    by_cloud = {"aws": {"main", "replica"}, "cloudflare": {"cloudflare"}}

    assert [one.urn for one in graph.cloud() if one.provider not in by_cloud[one.type.split(":")[0]]] == []


def test_what_holds_data_is_protected_and_retained_and_nothing_else_is(graph):
    guarded = {one.urn for one in graph.resources if one.protect and one.retain}

    assert guarded == {one.urn for one in graph.cloud() if one.type in STATEFUL}


# What stands in the way of a deletion, or is left after it: the input of each type, and its value on a throwaway.
GOES = {
    "Bucket": ("forceDestroy", True),
    "Instance": ("disableApiTermination", False),
    "Key": ("deletionWindowInDays", 7),  # the least that KMS allows
    "LoadBalancer": ("enableDeletionProtection", False),
    "Secret": ("recoveryWindowInDays", 0),  # else a stack of the same name could not be raised for a month
    "Vault": ("forceDestroy", True),
    "Volume": ("finalSnapshot", False),
}
LOCKS = {"BucketObjectLockConfiguration", "VaultLockConfiguration", "R2BucketLock"}


def kinds(resources):
    return {one.type.rpartition(":")[2] for one in resources}


def what_goes(resources):
    """The values of the inputs above, by type."""
    return {
        kind: {one.inputs.get(key) for one in resources if one.type.endswith(f":{kind}")}
        for kind, (key, _) in GOES.items()
    }


def test_a_throwaway_stack_protects_nothing_and_goes_whole():
    made = [*record("staging-base", throwaway=True).cloud(), *record("staging", throwaway=True).cloud()]

    assert [one.urn for one in made if one.protect or one.retain] == []
    assert what_goes(made) == {kind: {value} for kind, (_, value) in GOES.items()}
    assert kinds(made) & LOCKS == set()
    assert [one.urn for one in made if one.inputs.get("objectLockEnabled")] == []


def test_a_stack_that_keeps_data_goes_not_so(graphs):
    made = [*graphs["production-base"].cloud(), *graphs["production"].cloud()]

    assert kinds(made) > LOCKS
    assert [kind for kind, values in what_goes(made).items() if values == {GOES[kind][1]}] == []


def test_every_resource_that_can_have_tags_has_all_of_them(graph):
    bare = [
        one.urn
        for one in graph.cloud()
        if one.type.startswith("aws:")
        and takes_tags(one.type)
        and not set(naming.TAG_KEYS) <= set(one.inputs.get("tags", {}))
    ]

    assert bare == []


def takes_tags(token: str) -> bool:
    module, _, name = token.removeprefix("aws:").partition("/")
    kind = getattr(getattr(pulumi_aws, module), name.split(":")[1])
    return "tags" in inspect.signature(kind._internal_init).parameters


def test_the_providers_put_the_common_tags_on_what_we_forget(graph):
    providers = graph.of("aws").values()
    defaults = [json.loads(one.inputs["defaultTags"])["tags"] for one in providers]

    assert len(defaults) == 2
    assert all({*naming.TAG_KEYS} - {"Component", "Name"} == set(tags) for tags in defaults)


def test_both_providers_refuse_another_account(graph):
    allowed = {one.name: json.loads(one.inputs["allowedAccountIds"]) for one in graph.of("aws").values()}

    assert allowed == {"main": ["111122223333"], "replica": ["111122223333"]}


def test_a_second_account_holds_the_replica():
    role = "arn:aws:iam::444455556666:role/boka-backup"
    made = record("production-base", backup_account_id="444455556666", backup_role=role)

    replica = made.of("aws")["replica"]

    assert json.loads(replica.inputs["allowedAccountIds"]) == ["444455556666"]
    assert json.loads(replica.inputs["assumeRoles"])[0]["roleArn"] == role


def test_no_two_resources_share_an_urn(graph):
    assert len({one.urn for one in graph.resources}) == len(graph.resources)


def test_names_carry_no_list_index(graph):
    hosts = r"(edge|app|db|cache|ops)\d+$"
    theirs = (":ZoneSetting", ":NotificationPolicy")  # named by words of Cloudflare's
    named = [one.name for one in graph.cloud() if not one.type.endswith(theirs)]
    numbered = [name for name in named if re.search(r"\d$", name) and not re.search(hosts, name)]

    assert {name for name in numbered if not name.endswith(("-ipv4", "-ipv6"))} <= {"s3", "ec2"}


def test_only_first_boot_keys_and_tokens_are_secret_and_they_always_are(graph):
    secret = {(one.type, key) for one in graph.cloud() for key in one.secret_inputs}
    first_boot = ("aws:ec2/instance:Instance", "userDataBase64")
    tokens = ("aws:secretsmanager/secretVersion:SecretVersion", "secretString")
    kind = "authenticatedOriginPullsCertificate:AuthenticatedOriginPullsCertificate"

    assert secret == ({first_boot} if graph.of("Instance") else {tokens, (f"cloudflare:index/{kind}", "privateKey")})


def test_a_private_key_that_pulumi_makes_is_a_secret_of_the_state(graphs):
    keys = [*graphs["production"].of("HostKey").values(), *graphs["production-base"].of("OriginCertificate").values()]

    assert {one.secret_outputs for one in keys} == {frozenset({"private_key"})}
    assert len({one.type for one in keys}) == 2


@pytest.mark.parametrize("stack", ["production-base", "production"])
def test_a_first_preview_that_knows_no_id_registers_the_same_resources(stack, graphs):
    preview = record(stack, preview=True)

    assert {one.urn for one in preview.resources} == {one.urn for one in graphs[stack].resources}


def test_descriptions_of_security_groups_have_the_characters_that_ec2_takes(graph):
    texts = [
        one.inputs["description"] for one in graph.cloud() if "ecurityGroup" in one.type and "description" in one.inputs
    ]

    assert [text for text in texts if not EC2_DESCRIPTION.fullmatch(text)] == []


def test_every_alias_names_a_resource_that_exists(graphs):
    present = {(one.type, one.name) for graph in graphs.values() for one in graph.resources}

    assert set(naming.ALIASES) <= present


def test_the_second_account_lets_the_copies_in():
    role = "arn:aws:iam::444455556666:role/boka-backup"
    made = record("production-base", backup_account_id="444455556666", backup_role=role)
    wanted = {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/boka-production-replication"}}
    policies = [made.of("BucketPolicy")["replica"].inputs["policy"], made.of("Key")["replica"].inputs["policy"]]

    granted = [one for text in policies for one in json.loads(text)["Statement"] if one.get("Sid") == "Replicas"]

    assert [one["Condition"] for one in granted] == [wanted, wanted]
    assert set(made.of("VaultPolicy")) == {"volumes-replica"}


def test_every_token_and_every_guarded_type_is_in_use(graphs):
    used = {one.type for graph in graphs.values() for one in graph.resources}

    assert {*naming.TOKENS.values(), *naming.STATEFUL} <= used


def test_names_in_the_load_balancers_service_are_short_enough(graphs):
    """It takes 32 characters; its service model does not say so."""
    made = graphs["production"]
    names = [one.inputs["name"] for kind in ("LoadBalancer", "TargetGroup") for one in made.of(kind).values()]

    assert [name for name in names if len(name) > 32] == []


def test_a_host_at_a_literal_address_goes_before_the_new_one_comes(graphs):
    hosts = graphs["production"].of("Instance").values()

    assert all(one.delete_first for one in hosts)


def test_app_hosts_can_be_scaled_down_and_hosts_with_data_cannot_go_by_accident(graphs):
    hosts = graphs["production"].of("Instance")

    kept = {name for name, one in hosts.items() if one.inputs["disableApiTermination"]}

    assert kept == {"db1", "db2", "ops1"}


def test_a_new_image_is_rolled_out_host_by_host():
    newer = "ami-0fedcba9876543210"
    hosts = record("production", host_images={"app1": newer}).of("Instance")

    assert [name for name, one in hosts.items() if one.inputs["ami"] == newer] == ["app1"]
    assert [name for name, one in hosts.items() if "ami" not in one.ignored] == ["app1"]


def test_a_host_that_is_held_against_a_slip_can_still_be_replaced(graphs):
    """AWS refuses to end it otherwise, after the engine has taken its volume off."""
    hosts = graphs["production"].of("Instance").values()

    assert all(one.inputs["forceDestroy"] for one in hosts)
