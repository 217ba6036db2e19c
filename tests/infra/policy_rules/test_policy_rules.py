"""Each rule has a good, a bad and an unknown case, and leaves alone what it is not about."""

from dataclasses import replace

import pytest
from examples_aws import BUCKET, BUCKET_POLICY, GROUP, INGRESS, TLS_ONLY
from policy_case import made
from policy_examples import EXAMPLES

from infra.policy.model import UNKNOWN, Stack, judge, judge_all
from infra.policy.table import RULES

NEEDED = 40
ALL = [pytest.param(rule, id=rule.id) for rule in RULES]
SENTENCE_MAX = 160


def answer(rule, verdict):
    one, stack = EXAMPLES[rule.id].case(verdict, rule.stages[-1])
    assert rule.concerns(one.type, stack.stage)
    return judge(rule, one, stack)


def test_there_are_enough_rules_and_each_has_an_id_of_its_own():
    assert len({rule.id for rule in RULES}) == len(RULES) >= NEEDED


def test_there_is_an_example_for_each_rule_and_for_nothing_else():
    assert set(EXAMPLES) == {rule.id for rule in RULES}


@pytest.mark.parametrize("rule", ALL)
def test_what_is_good_passes(rule):
    assert answer(rule, "good").seen == ""


@pytest.mark.parametrize("rule", ALL)
def test_what_is_bad_is_found_and_says_what_was_seen(rule):
    found = answer(rule, "bad")

    assert found.verdict == "bad"
    assert found.seen


@pytest.mark.parametrize("rule", [param for param in ALL if not EXAMPLES[param.id].certain])
def test_what_is_not_known_is_neither_good_nor_bad(rule):
    found = answer(rule, "unknown")

    assert found.verdict == "unknown"
    assert found.seen


@pytest.mark.parametrize("rule", [param for param in ALL if EXAMPLES[param.id].certain])
@pytest.mark.parametrize("verdict", ["good", "bad"])
def test_a_rule_that_reads_nothing_unknown_answers_the_same_when_all_is(rule, verdict):
    one, stack = EXAMPLES[rule.id].case(verdict, rule.stages[-1])

    found = judge(rule, replace(one, inputs=dict.fromkeys(one.inputs, UNKNOWN)), stack)

    assert found.verdict == verdict


@pytest.mark.parametrize("rule", ALL)
def test_a_type_that_it_is_not_about_is_left_alone(rule):
    stranger = made("random:index/randomId:RandomId")
    _, stack = EXAMPLES[rule.id].case("bad", rule.stages[-1])

    about = {one.resource.urn for one in judge_all([rule], replace(stack, resources=(*stack.resources, stranger)))}

    assert stranger.urn not in about


@pytest.mark.parametrize("rule", ALL)
def test_a_rule_says_in_whole_sentences_what_must_hold_and_what_to_do(rule):
    assert rule.sentence.endswith(".")
    assert rule.fix.endswith(".")
    assert len(rule.sentence) <= SENTENCE_MAX


@pytest.mark.parametrize("rule", [param for param in ALL if "throwaway" not in param.values[0].stages])
def test_a_throwaway_stack_is_not_asked_to_keep_data(rule):
    one, stack = EXAMPLES[rule.id].case("bad", "throwaway")

    assert judge_all([rule], stack) == []
    assert not rule.concerns(one.type, "throwaway")


def test_one_bad_part_is_bad_whatever_is_not_known_of_the_others():
    (rule,) = [one for one in RULES if one.id == "account-has-no-public-bucket"]
    half = made(
        "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock", blockPublicAcls=UNKNOWN, ignorePublicAcls=False
    )
    _, stack = EXAMPLES[rule.id].case("good", "production")

    assert judge(rule, half, stack).verdict == "bad"


def judged(rule_id, one, *beside):
    (rule,) = [one for one in RULES if one.id == rule_id]
    return judge(rule, one, Stack(stage="production", resources=(one, *beside)))


@pytest.mark.parametrize("network", ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1"])
def test_half_the_internet_is_as_open_as_all_of_it(network):
    rule = made(INGRESS, cidrIpv4=network, ipProtocol="tcp", fromPort=5432, toPort=5432)

    assert judged("world-sees-web-ports-only", rule).verdict == "bad"


@pytest.mark.parametrize("network", ["203.0.113.10/32", "10.0.0.0/8"])
def test_a_network_that_somebody_has_is_not_the_internet(network):
    rule = made(INGRESS, cidrIpv4=network, ipProtocol="tcp", fromPort=5432, toPort=5432)

    assert judged("world-sees-web-ports-only", rule).verdict == "good"


def test_all_protocols_admit_ssh_too():
    rule = made(INGRESS, "one", {"securityGroupId": (GROUP,)}, cidrIpv4="203.0.113.10/32", ipProtocol="-1")

    assert judged("ssh-comes-through-the-bastion", rule).verdict == "bad"


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        pytest.param({"cidrIpv4": "0.0.0.0/0"}, "good", id="the balancer takes everyone: the CDN is off"),
        pytest.param({"prefixListId": "pl-1"}, "bad", id="the balancer takes the CDN's networks only"),
        pytest.param({"cidrIpv4": "203.0.113.0/24"}, "bad", id="the balancer takes an office only"),
        pytest.param({"cidrIpv4": UNKNOWN}, "unknown", id="whom the balancer takes is not known"),
    ],
)
def test_a_name_passes_by_the_cdn_only_where_everyone_may(source, verdict):
    name = made("cloudflare:index/dnsRecord:DnsRecord", type="CNAME", name="www.boka.example", proxied=False)
    rule = made("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "https", **source)

    assert judged("name-is-proxied", name, rule).verdict == verdict


def test_a_bucket_that_denies_plain_http_to_some_does_not_deny_it_to_all():
    bucket = made(BUCKET, bucket="boka-artefacts")
    text = TLS_ONLY.replace('"Principal": "*"', '"Principal": {"AWS": "arn:aws:iam::111122223333:root"}')
    policy = made(BUCKET_POLICY, "one", {"bucket": (bucket.urn,)}, policy=text)

    assert judged("bucket-speaks-tls-only", bucket, policy).verdict == "bad"


def test_a_policy_document_that_nobody_can_read_is_bad():
    assert judged("principals-are-named", made(BUCKET_POLICY, policy="{")).verdict == "bad"
