"""What exists at Cloudflare in each layer, and that it is shut where it must be."""

import asyncio
import json
import re

import cloudflare_models
import pulumi_cloudflare
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recorder import as_text, record, settings_of

from infra import cloud_settings
from infra.cloudflare import bots, plans, provider, storage, tokens, zone
from infra.settings import SettingsError
from ops.secrets import catalog

# Few, because each records two layers; the rules for any names are tested over many more.
FEW = settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
# Classes of old names, or of products that the rulesets replace; the SDK still has them.
OLD = {"Record", "PageRule", "RateLimit", "Filter", "FirewallRule", "WorkerScript", "WorkerRoute", "WorkerDomain"}
# The CDN off, on the smallest plan: what another test file records too.
LEAST = {"cdn": False, "cloudflare_plan": "free"}
BASE = {"BotManagement", "ZoneSetting", "UrlNormalizationSettings", "ZoneDnssec", "R2Bucket", "R2ManagedDomain",
        "R2BucketLifecycle", "R2CustomDomain", "R2BucketCors", "R2BucketLock", "AccountToken",
        "AuthenticatedOriginPullsCertificate", "AuthenticatedOriginPullsSettings"}  # fmt: skip
STACK = {"Ruleset", "WorkersScript", "WorkersRoute", "DnsRecord", "PagesProject", "PagesDomain", "Healthcheck",
         "NotificationPolicy"}  # fmt: skip


def of_cloudflare(graph):
    return [one for one in graph.resources if one.type.startswith("cloudflare:")]


def test_every_input_is_as_the_sdk_describes_it(graph):
    assert cloudflare_models.wrong(graph) == []


def test_an_input_that_is_not_as_described_would_be_found():
    kind = cloudflare_models.pulumi_cloudflare.R2BucketArgs

    said = list(cloudflare_models._block(kind, {"accountId": "x", "jurisdiction": "mars", "colour": "red"}, "bucket"))

    assert [text.split(" is none of")[0] for text in said] == [
        "bucket: colour does not exist",
        "bucket: name is required",
        "bucket.jurisdiction: 'mars'",
    ]


def test_no_class_of_an_old_name_is_used(graph):
    classes = {cloudflare_models.resource_class(one) for one in of_cloudflare(graph)}

    assert {one.__name__ for one in classes} & OLD == set()
    assert [one.__name__ for one in classes if hasattr(one, "__deprecated__")] == []


@pytest.mark.parametrize(("layer", "kinds"), [("production-base", BASE), ("production", STACK)])
def test_what_names_hosts_is_in_the_stack_and_the_rest_in_its_base(graphs, layer, kinds):
    assert {one.type.split(":")[-1] for one in of_cloudflare(graphs[layer])} == kinds


def test_the_providers_token_is_a_secret(graph):
    (provider,) = graph.of("cloudflare").values()

    assert (provider.name, provider.secret_inputs) == ("cloudflare", {"apiToken"})


def test_a_stack_without_a_token_is_refused_with_the_command(monkeypatch):
    monkeypatch.setattr("recorder._TOKEN", {})
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN", raising=False)

    with pytest.raises(SettingsError, match=r"Set one: pulumi config set --secret cloudflare:apiToken"):
        record("staging-base", owner="tokenless")


def test_the_environments_token_will_do_and_is_as_secret(monkeypatch):
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "from-the-environment")
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    found = provider.token(cloud_settings.load("staging", as_text(settings_of("staging"))))

    assert loop.run_until_complete(found.future()) == "from-the-environment"
    assert loop.run_until_complete(found.is_secret())


def test_the_environments_have_zones_of_their_own(graphs):
    zones = [
        {one.inputs["zoneId"] for one in graphs[name].of("ZoneSetting").values()}
        for name in ("production-base", "staging-base")
    ]

    assert [len(one) for one in zones] == [1, 1]
    assert zones[0] != zones[1]


# Names


def proxied(graph):
    return {one.inputs["name"] for one in graph.of("DnsRecord").values() if one.inputs["proxied"]}


def test_every_name_of_ours_leads_to_the_load_balancer_or_to_pages(graphs):
    made = {
        one.inputs["name"]: one.inputs["content"]
        for one in graphs["production"].of("DnsRecord").values()
        if one.inputs["type"] == "CNAME"
    }

    assert made.pop("marketing.boka.example") == "boka-production-front.pages.dev"
    assert set(made) == {
        "boka.example", "www.boka.example", "dashboard.boka.example", "docs.boka.example", "demo.boka.example",
    }  # fmt: skip
    assert set(made.values()) == {"edges.elb.eu-central-1.amazonaws.com"}


def test_a_proxied_record_has_the_only_time_to_live_that_it_may(graph):
    records = graph.of("DnsRecord").values()

    assert [one.name for one in records if (one.inputs["ttl"] == 1) != one.inputs["proxied"]] == []


def test_three_authorities_may_certify_and_a_fourth_is_reported(graphs):
    found = [one.inputs["data"] for one in graphs["production"].of("DnsRecord").values() if one.inputs["type"] == "CAA"]
    by_tag = {tag: {one["value"] for one in found if one["tag"] == tag} for tag in ("issue", "issuewild", "iodef")}

    assert by_tag["issue"] == by_tag["issuewild"] == {"letsencrypt.org", "pki.goog", "ssl.com"}
    assert by_tag["iodef"] == {"mailto:ops@boka.example"}


def test_without_the_cdn_names_lead_to_the_load_balancer_itself():
    made = record("staging", **LEAST)

    assert proxied(made) == set()
    assert made.of("ManagedPrefixList") == {}


LABELS = st.from_regex(r"\At[a-z0-9]{0,20}\Z").filter(lambda label: label not in ("www", "assets"))


@FEW
@given(tenants=st.lists(LABELS, unique=True, max_size=4), dashboard=st.sampled_from(["dashboard", "staff-3"]))
def test_for_any_names_each_has_one_record_and_one_route(tenants, dashboard):
    made = record("staging", tenants=sorted(tenants), dashboard_name=dashboard)
    wanted = {
        "boka-staging.example",
        *(f"{label}.boka-staging.example" for label in ("www", "docs", "marketing", dashboard, *tenants)),
    }

    assert proxied(made) == wanted
    assert {one.inputs["pattern"] for one in made.of("WorkersRoute").values()} == {f"{name}/*" for name in wanted}


def test_until_the_stack_is_live_nothing_that_a_visitor_could_notice_is_made():
    base, made = record("production-base", live=False), record("production", live=False)

    assert {one.type.split(":")[-1] for one in of_cloudflare(base)} == BASE - {
        "BotManagement", "ZoneSetting", "UrlNormalizationSettings", "ZoneDnssec", "R2CustomDomain",
        "AuthenticatedOriginPullsCertificate", "AuthenticatedOriginPullsSettings",
    }  # fmt: skip
    assert {one.type.split(":")[-1] for one in of_cloudflare(made)} == {
        "PagesProject", "Healthcheck", "NotificationPolicy",
    }  # fmt: skip
    assert len(made.of("Instance")) == 9


# The zone


def test_browsers_and_the_origin_are_spoken_to_by_strict_modern_tls(graphs):
    values = {name: one.inputs["value"] for name, one in graphs["production-base"].of("ZoneSetting").items()}

    assert set(values) == set(zone.SETTINGS)
    assert (values["ssl"], values["min_tls_version"], values["tls_client_auth"]) == ("strict", "1.2", "on")
    assert (values["http3"], values["tls_1_3"], values["always_use_https"], values["0rtt"]) == ("on", "on", "on", "off")


def test_browsers_are_told_for_two_years_to_come_by_tls_only(graphs):
    sent = graphs["production-base"].of("ZoneSetting")["security_header"].inputs["value"]["strict_transport_security"]

    assert (sent["enabled"], sent["include_subdomains"], sent["max_age"], sent["preload"]) == (
        True,
        True,
        63072000,
        False,
    )


def test_each_zone_setting_is_one_resource_of_its_own_name(graph):
    found = graph.of("ZoneSetting")

    assert {name: one.inputs["settingId"] for name, one in found.items()} == {name: name for name in found}


def test_answers_for_the_domain_are_signed(graphs):
    (signed,) = graphs["production-base"].of("ZoneDnssec").values()

    assert (signed.inputs["status"], signed.protect) == ("active", True)


def sorted_bots(plan):
    chosen = vars(bots.settings(plans.PLANS[plan], "z"))
    return {key: value for key, value in chosen.items() if key.startswith(("sbfm", "fight")) and value is not None}


def test_bots_get_what_the_plan_knows_of_them(graphs):
    (made,) = graphs["production-base"].of("BotManagement").values()
    pro = {
        "sbfm_definitely_automated": "managed_challenge",
        "sbfm_static_resource_protection": False,
        "sbfm_verified_bots": "allow",
    }

    assert made.inputs["sbfmDefinitelyAutomated"] == "managed_challenge"
    assert sorted_bots("free") == {"fight_mode": False}
    assert sorted_bots("pro") == pro
    assert sorted_bots("business") == sorted_bots("enterprise") == {**pro, "sbfm_likely_automated": "managed_challenge"}


# Storage


def test_backups_cannot_be_deleted_from_the_second_copy(graphs):
    (lock,) = graphs["production-base"].of("R2BucketLock").values()
    (rule,) = lock.inputs["rules"]

    assert lock.inputs["bucketName"] == "boka-production-backup"
    assert (rule["enabled"], rule["prefix"], rule["condition"]) == (
        True,
        "",
        {"type": "Age", "maxAgeSeconds": 30 * 86400},
    )


def test_the_second_copy_keeps_each_tier_as_long_as_the_first(graphs):
    rules = {one["id"]: one for one in graphs["production-base"].of("R2BucketLifecycle")["backup"].inputs["rules"]}
    days = {
        name: rules[name]["deleteObjectsTransition"]["condition"]["maxAge"] // 86400
        for name in ("daily", "weekly", "monthly")
    }

    assert days == {"daily": 30, "weekly": 84, "monthly": 365}


def test_every_bucket_is_reached_by_our_own_name_or_by_none(graphs):
    base = graphs["production-base"]

    assert set(base.of("R2ManagedDomain")) == set(base.of("R2Bucket")) == set(storage.PURPOSES)
    assert not any(one.inputs["enabled"] for one in base.of("R2ManagedDomain").values())
    assert {one.inputs["bucketName"] for one in base.of("R2CustomDomain").values()} == {"boka-production-assets"}


def test_a_throwaway_stack_locks_nothing():
    assert record("staging-base", throwaway=True).of("R2BucketLock") == {}


# Tokens


def test_every_token_is_for_one_zone_or_one_bucket_and_ends(graph):
    made = graph.of("AccountToken").values()
    narrow = re.compile(
        r"com\.cloudflare\.(api\.account\.zone\.[0-9a-f]{32}|edge\.r2\.bucket\.[0-9a-f]{32}_default_boka-[a-z-]+)"
    )
    resources = [list(json.loads(one["resources"])) for token in made for one in token.inputs["policies"]]

    assert [found for found in resources if len(found) != 1 or not narrow.fullmatch(found[0])] == []
    assert {one.inputs["expiresOn"] for one in made} <= {"2027-06-30T00:00:00Z"}


def test_every_token_has_its_value_kept_under_our_key_and_nowhere_else(graphs):
    base = graphs["production-base"]
    kept = base.of("SecretVersion")

    assert set(kept) == {f"cloudflare-{name}" for name in tokens.PURPOSES} <= set(base.of("Secret"))
    assert {name: json.loads(one.inputs["secretString"])["value"] for name, one in kept.items()} == {
        f"cloudflare-{name}": f"recorded value of {name}" for name in tokens.PURPOSES
    }
    assert all("value" in one.secret_outputs for one in base.of("AccountToken").values())
    assert "recorded value" not in json.dumps(base.outputs)


# Rules and watch


def test_there_is_one_ruleset_a_phase(graph):
    phases = [one.inputs["phase"] for one in graph.of("Ruleset").values()]

    assert len(phases) == len(set(phases))
    assert {one.inputs["kind"] for one in graph.of("Ruleset").values()} <= {"zone"}


def test_every_rule_has_a_name_of_its_own_that_stays(graph):
    refs = {name: [rule["ref"] for rule in one.inputs["rules"]] for name, one in graph.of("Ruleset").items()}

    assert [name for name, found in refs.items() if len(set(found)) != len(found) or not all(found)] == []


def test_someone_hears_of_every_alert(graph):
    policies = graph.of("NotificationPolicy").values()

    assert {one.inputs["mechanisms"]["emails"][0]["id"] for one in policies} <= {"ops@boka.example"}
    assert all(one.inputs["enabled"] for one in policies)


def test_every_filter_of_an_alert_is_one_that_the_sdk_describes_for_it(graphs):
    described = vars(pulumi_cloudflare.NotificationPolicyFiltersArgs)
    made = graphs["production"].of("NotificationPolicy").values()
    filters = {(one.inputs["alertType"], key) for one in made for key in one.inputs.get("filters", {})}
    uses = {(kind, described[re.sub(r"([A-Z])", r"_\1", key).lower()].fget.__doc__.strip()) for kind, key in filters}

    assert {key for _, key in filters} == {"healthCheckIds", "statuses", "incidentImpacts"}
    assert [kind for kind, text in uses if text.replace("*", "_") != f"Used for configuring {kind}"] == []


def test_alerts_of_the_account_are_said_once(graphs):
    assert set(graphs["production"].of("NotificationPolicy")) - set(graphs["staging"].of("NotificationPolicy")) == {
        "dos-attack-l7", "incident-alert", "universal-ssl-event-type",
    }  # fmt: skip


def test_the_free_plan_gets_what_it_allows():
    made = record("staging", **LEAST)

    assert "managed" not in made.of("Ruleset")
    assert made.of("Healthcheck") == {}
    assert len(made.of("Ruleset")["limits"].inputs["rules"]) == 1


def test_what_is_named_once_an_account_says_whose_it_is(graphs):
    named = [
        one.inputs[key]
        for one in of_cloudflare(graphs["production-base"]) + of_cloudflare(graphs["production"])
        for key in ("name", "scriptName")
        if key in one.inputs
        and one.type.split(":")[-1]
        in ("R2Bucket", "AccountToken", "WorkersScript", "PagesProject", "Healthcheck", "NotificationPolicy")
    ]

    assert [name for name in named if not name.startswith("boka-production-")] == []


def test_the_store_of_secrets_knows_every_token():
    assert set(catalog.TOKENS) == set(tokens.PURPOSES)
