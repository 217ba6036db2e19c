"""What is taken over of a zone, what becomes of it, what is in the way, what is left."""

import inspect
import re

import pulumi_cloudflare
import pytest

from ops.cloud import takeover
from ops.cloud.takeover import KINDS, Planned

ZONE, ACCOUNT = "z" * 32, "a" * 32
RECORDS, RULES = f"/zones/{ZONE}/dns_records", f"/zones/{ZONE}/rulesets"
STACK = "urn:pulumi:production::boka::pulumi:pulumi:Stack::boka-production"
LAYER = "urn:pulumi:production::boka::boka:aws:Layer::production"
PARENT = "urn:pulumi:production::boka::boka:aws:Layer$boka:cloudflare:Records::records"
PROVIDER = "urn:pulumi:production::boka::pulumi:providers:cloudflare::cloudflare"


def planned(class_, called, /, **inputs):
    token = f"cloudflare:index/{class_[0].lower()}{class_[1:]}:{class_}"
    return Planned(
        urn=f"{PARENT.rpartition('::')[0]}${token}::{called}",
        type=token,
        parent=PARENT,
        provider=PROVIDER,
        inputs={"zone_id": ZONE, **inputs},
    )


def name(host="boka.example", kind="CNAME", **inputs):
    return planned("DnsRecord", "apex", name=host, type=kind, **inputs)


def record(id_="r1", host="boka.example", kind="CNAME", **said):
    return {"id": id_, "name": host, "type": kind, **said}


def plan(*wanted, **found):
    return takeover.make(wanted, {RECORDS: found.get("records", []), RULES: found.get("rules", [])})


def test_a_record_of_the_same_name_and_type_is_taken_and_what_changes_is_said():
    wanted = name(content="lb.example", proxied=True, ttl=1)

    (taken,) = plan(wanted, records=[record(content="old.example", proxied=True, ttl=1)]).taken

    assert (taken.id, taken.line()) == (
        f"{ZONE}/r1",
        "record CNAME boka.example: content old.example becomes lb.example",
    )


def test_a_value_that_only_the_stack_will_know_is_said_to_be_so():
    wanted = name(content="04da6b54-80e4-46f7-96ec-b56ff0331ba9")

    (taken,) = plan(wanted, records=[record(content="old.example")]).taken

    assert taken.changes == ("content old.example becomes what the stack makes",)


def test_a_thing_that_the_stack_has_already_is_neither_taken_nor_a_stranger():
    ours = Planned(urn="u", type="x:DnsRecord", is_new=False, inputs=name().inputs)

    assert plan(ours, records=[record()]) == takeover.Plan()


def test_names_are_compared_as_names_are():
    assert plan(name("boka.example"), records=[record(host="Boka.Example")]).taken


def test_one_of_many_caa_records_is_told_by_what_it_says():
    wanted = name(kind="CAA", data={"flags": 0, "tag": "issue", "value": "pki.goog"})
    others = {"flags": 0, "tag": "issue", "value": "digicert.com"}

    found = plan(
        wanted, records=[record("r1", kind="CAA", data=others), record("r2", kind="CAA", data=wanted.inputs["data"])]
    )

    assert ([one.id for one in found.taken], found.left) == ([f"{ZONE}/r2"], ("record CAA boka.example",))


@pytest.mark.parametrize("kind", ["A", "AAAA"])
def test_an_address_of_another_type_at_a_name_of_ours_is_in_the_way(kind):
    found = plan(name(), records=[record(kind=kind, content="192.0.2.1")])

    assert found.in_the_way == (f"record {kind} boka.example (192.0.2.1), where the stack needs its own",)


@pytest.mark.parametrize(
    ("kind", "host"), [("MX", "boka.example"), ("TXT", "boka.example"), ("A", "mail.boka.example")]
)
def test_what_stands_beside_our_names_is_left_alone(kind, host):
    found = plan(name(), records=[record(kind=kind, host=host, content="x")])

    assert (found.in_the_way, found.left) == ((), (f"record {kind} {host}",))


def test_a_buckets_name_that_is_taken_is_in_the_way():
    wanted = planned("R2CustomDomain", "assets", domain="assets.boka.example")

    found = plan(wanted, records=[record(host="assets.boka.example", content="old.example")])

    assert (len(found.in_the_way), found.taken, found.left) == (1, (), ())


def test_a_ruleset_is_told_by_its_phase_and_the_rules_that_go_are_named():
    wanted = planned("Ruleset", "custom", kind="zone", phase="http_request_firewall_custom", rules=[{"ref": "methods"}])
    there = {"id": "s1", "kind": "zone", "phase": "http_request_firewall_custom"}
    rules = [{"ref": "9f", "description": "the office only", "expression": "ip.src ne 192.0.2.1"}, {"ref": "methods"}]

    found = plan(wanted, rules=[{**there, "rules": rules}, {**there, "phase": "http_config_settings"}])

    assert [one.id for one in found.taken] == [f"zones/{ZONE}/s1"]
    assert found.taken[0].changes == ("1 rules go: the office only", "1 rules of ours")
    assert found.left == ("rules of http_config_settings",)


def setting(wanted, there, **said):
    one = planned("ZoneSetting", "ssl", setting_id="ssl", value=wanted)
    return takeover.make([one], {f"/zones/{ZONE}/settings/ssl": [{"id": "ssl", "value": there, **said}]})


@pytest.mark.parametrize(
    ("wanted", "there", "changes"),
    [
        pytest.param("strict", "flexible", ("value flexible becomes strict",), id="another value"),
        pytest.param("strict", "strict", (), id="the same"),
        pytest.param({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, (), id="the API says more than we do"),
    ],
)
def test_a_setting_is_taken_with_what_changes_of_it(wanted, there, changes):
    (taken,) = setting(wanted, there).taken

    assert (taken.id, taken.changes) == (f"{ZONE}/ssl", changes)


def test_a_setting_that_the_plan_locks_is_in_the_way_if_it_must_change():
    assert setting("strict", "full", editable=False).in_the_way
    assert setting("full", "full", editable=False).in_the_way == ()


def test_the_import_names_new_components_before_what_lies_in_them():
    layer = Planned(urn=LAYER, type="boka:aws:Layer", parent=STACK, is_new=False)
    component = Planned(urn=PARENT, type="boka:cloudflare:Records", parent=LAYER)
    stack = Planned(urn=STACK, type="pulumi:pulumi:Stack", is_new=False)
    wanted = name()
    (taken,) = plan(wanted, records=[record()]).taken

    content = takeover.import_file([taken], [stack, layer, component, wanted])

    assert content["nameTable"] == {LAYER: LAYER, PROVIDER: PROVIDER}
    assert content["resources"] == [
        {"type": component.type, "name": PARENT, "logicalName": "records", "parent": LAYER, "component": True},
        {
            "type": wanted.type,
            "name": wanted.urn,
            "logicalName": "apex",
            "parent": PARENT,
            "id": f"{ZONE}/r1",
            "provider": PROVIDER,
        },
    ]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_id_is_of_the_form_that_the_sdk_describes(kind):
    described = inspect.getsource(inspect.getmodule(getattr(pulumi_cloudflare, kind)))
    form = re.search(r"pulumi import \S+ \S+ '([^']+)'", described)

    assert _shape(KINDS[kind].id) == (_shape(form[1]) if form else "")


def _shape(form):
    """Words as they stand, what is filled in as `*`: `zones/*/*`."""
    form = form.replace("<{accounts|zones}/{account_id|zone_id}>", "zones/*")
    return re.sub(r"<[^>]*>|\{[^}]*\}", "*", form)
