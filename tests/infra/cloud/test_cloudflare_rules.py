"""What Cloudflare's rules do with a request, by reading their expressions; without Pulumi or an SDK."""

import re

import pytest
from boka_app.openapi.resource import api_catalog
from hypothesis import given
from hypothesis import strategies as st
from recorder import as_text, settings_of

from infra import cloud_settings
from infra.cloudflare import names, plans, rule_table


def settings_with(**changed):
    return cloud_settings.load("production", as_text(settings_of("production", **changed)))


def rules_of(phase, **changed):
    return rule_table.rules(settings_with(**changed))[phase]


def matches(expression, *, host="boka.example", path="/", method="GET"):
    """Whether a request matches: the few words of the language that we use, read as Python's."""
    text = re.sub(r"\{([^}]*)\}", lambda found: f"({', '.join(found[1].split())},)", expression)
    for ours, pythons in {
        "http.request.uri.path": "path", "http.request.method": "method", "http.host": "host", " eq ": " == ",
        "true": "True",
    }.items():  # fmt: skip
        text = text.replace(ours, pythons)
    words = {"path": path, "host": host, "method": method, "lower": str.lower, "starts_with": str.startswith}
    return eval(text, {"__builtins__": {}}, words)  # noqa: S307 - expressions of ours, no names but these


def is_kept(host, path):
    """Whether any cache rule keeps it; bypassing rules must agree."""
    found = [
        one["action_parameters"]["cache"]
        for one in rules_of("cache")
        if matches(one["expression"], host=host, path=path)
    ]
    assert len(set(found)) == 1, (host, path, found)
    return found[0]


PATHS = st.text(st.characters(codec="ascii", exclude_characters='"{}'), max_size=30)
HOSTS = st.sampled_from(sorted(names.of(settings_with()).hosts.values()))


@given(HOSTS, st.sampled_from(["/api/", "/b/", "/staff", "/staff/", "/pay", "/"]), PATHS)
def test_nothing_of_the_api_of_staff_or_of_tenants_is_ever_kept(host, start, rest):
    path = start + rest
    is_static = path.startswith(("/assets/", "/static/"))

    assert is_kept(host, path) == is_static
    assert not (is_static and path.startswith(("/api/", "/b/", "/staff")))


@given(PATHS)
def test_whatever_lies_in_the_assets_bucket_may_be_kept(rest):
    assert is_kept("assets.boka.example", f"/{rest}")


@pytest.mark.parametrize("path", ["/assets/style.css", "/static/logo.svg"])
def test_the_services_own_files_are_kept_as_long_as_it_says(path):
    (rule,) = [one for one in rules_of("cache") if one["ref"] == "static"]

    assert is_kept("boka.example", path)
    assert rule["action_parameters"]["edge_ttl"] == {"mode": "respect_origin"}


def test_no_path_is_both_kept_and_personal():
    both = [kept for kept in rule_table.CACHED_PATHS for own in rule_table.PERSONAL_PATHS if kept.startswith(own)]

    assert both == []


# Other periods and timeouts are refused. Source: as infra/cloudflare/plans.py, its third footnote.
SECONDS = {10, 15, 20, 30, 40, 45, 60, 90, 120, 180, 240, 300, 480, 600, 900, 1200, 1800, 2400, 3600, 65535, 86400}


def blocked(**request):
    found = [one for one in rules_of("custom") if one["action"] == "block"]
    return [one["ref"] for one in found if matches(one["expression"], **request)]


@pytest.mark.parametrize(
    ("request_", "ref"),
    [
        pytest.param({"method": "TRACE"}, "methods", id="a method that the service does not have"),
        pytest.param({"path": "/api/metrics"}, "figures", id="figures from outside"),
        pytest.param({"path": "/.git/config"}, "scanners", id="a repository"),
        pytest.param({"path": "/.ENV"}, "scanners", id="secrets, spelled in capitals"),
    ],
)
def test_what_nobody_should_ask_for_is_blocked(request_, ref):
    assert blocked(**request_) == [ref]


@pytest.mark.parametrize("path", ["/", "/b/demo", "/staff/login", "/api/tenants/demo/slots", "/.well-known/x"])
def test_what_people_ask_for_passes(path):
    assert blocked(path=path) == []


@pytest.mark.parametrize("plan", ["free", "pro", "business", "enterprise"])
def test_rate_limits_stay_inside_the_plan(plan):
    limits = [one["ratelimit"] for one in rules_of("limits", cloudflare_plan=plan)]
    allowed = plans.PLANS[plan]

    assert 1 <= len(limits) <= allowed.rate_limits
    assert all(one["period"] <= allowed.rate_period_s for one in limits)
    assert all(one["mitigation_timeout"] <= allowed.rate_block_s for one in limits)
    assert all(set(one["characteristics"]) == {"cf.colo.id", "ip.src"} for one in limits)
    assert {one[key] for one in limits for key in ("period", "mitigation_timeout")} <= SECONDS


def test_logging_in_is_limited_first():
    login, api = rules_of("limits")

    assert matches(login["expression"], path="/staff/login")
    assert matches(login["expression"], path="/api/auth/token")
    assert login["ratelimit"]["requests_per_period"] < api["ratelimit"]["requests_per_period"]


def test_www_leads_to_the_one_name_with_its_path_and_query():
    rule = rules_of("redirects")[0]
    target = rule["action_parameters"]["from_value"]

    assert matches(rule["expression"], host="www.boka.example")
    assert not matches(rule["expression"], host="boka.example")
    assert target["target_url"]["expression"] == 'concat("https://boka.example", http.request.uri.path)'
    assert target["preserve_query_string"]


def test_docs_leads_to_what_the_service_says_of_its_api():
    rule = rules_of("redirects")[1]

    (described,) = api_catalog("https://boka.example")["linkset"]

    assert matches(rule["expression"], host="docs.boka.example", path="/anything")
    assert rule["action_parameters"]["from_value"]["target_url"] == {"value": described["service-doc"][0]["href"]}


def test_the_managed_rules_act_and_owasps_at_a_high_score_of_the_first_level():
    managed, owasp = rules_of("managed")
    overrides = owasp["action_parameters"]["overrides"]
    (score,) = overrides["rules"]

    assert (managed["action"], "overrides" in managed["action_parameters"]) == ("execute", False)
    assert (score["action"], score["score_threshold"]) == ("managed_challenge", 60)
    assert {one["category"] for one in overrides["categories"] if not one["enabled"]} == {
        f"paranoia-level-{level}" for level in (2, 3, 4)
    }


@pytest.mark.parametrize(
    ("path", "skipped"),
    [("/api/tenants/demo/payments/webhooks/stripe", True), ("/api/tenants/demo/slots", True), ("/b/demo", False)],
)
def test_machines_may_call_the_api_and_people_are_told_from_bots_elsewhere(path, skipped):
    rule = rules_of("custom")[0]

    assert (rule["action"], rule["action_parameters"]) == ("skip", {"phases": ["http_request_sbfm"]})
    assert matches(rule["expression"], path=path) == skipped


def test_nobody_turns_the_protection_from_floods_down():
    (rule,) = rules_of("floods", cloudflare_plan="free")

    assert rule["action_parameters"]["overrides"] == {"sensitivity_level": "default"}


LABELS = st.lists(st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?\Z"), unique=True, max_size=8).filter(
    lambda labels: not {"www", "dashboard", "docs", "marketing", "assets"} & set(labels)
)


@given(LABELS, st.booleans(), st.sampled_from(["free", "pro", "business"]))
def test_for_any_tenants_every_expression_can_be_read_and_every_name_is_there_once(tenants, pages, plan):
    chosen = settings_with(tenants=tenants, pages=pages, cloudflare_plan=plan)
    found = names.of(chosen)

    assert len(found.every) == len(tenants) + 6
    for rules in rule_table.rules(chosen).values():
        assert all(isinstance(matches(rule["expression"]), bool) for rule in rules)
