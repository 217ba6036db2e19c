"""What Cloudflare does with a request, as rules by phase. Pure: a zone has one ruleset a phase, and this is all of it.

The expressions' language and fields: https://developers.cloudflare.com/ruleset-engine/.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from infra.cloudflare import names, plans

if TYPE_CHECKING:
    import pulumi_cloudflare as cloudflare

    from infra.cloud_settings import CloudSettings

    Rule = cloudflare.RulesetRuleArgsDict
    Parameters = cloudflare.RulesetRuleActionParametersArgsDict
    Header = cloudflare.RulesetRuleActionParametersHeadersArgsDict

PHASES: dict[str, str] = {
    "floods": "ddos_l7",
    "managed": "http_request_firewall_managed",
    "custom": "http_request_firewall_custom",
    "limits": "http_ratelimit",
    "cache": "http_request_cache_settings",
    "redirects": "http_request_dynamic_redirect",
    "headers": "http_response_headers_transform",
}

# Made for one person at one moment. Named, so that they stay out of the cache whatever is let into it some day.
PERSONAL_PATHS = ("/api/", "/b/", "/staff")
# The only paths that are kept: their names change with their content.
CACHED_PATHS = ("/assets/", "/static/")
_ASSETS_S = 24 * 3600
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
# What only scanners ask for. None is a path of the service.
_SCANNED = ("/.env", "/.git", "/cgi-bin/", "/phpmyadmin", "/wp-admin", "/wp-login")
# The API's operations as text, which leads to its contract (app/src/boka_app/openapi).
_CONTRACT_PATH = "/llms.txt"
_LOGIN_PATHS = ("/api/auth", "/staff/login")

# Called by machines: payment providers, calendars, integrations. The edges and the rate limits count them.
_MACHINE_PATHS = ("/api/",)

# Cloudflare's own rulesets, the same in every account, and the rule of OWASP's that sums up its score. Source:
# cloudflare/cloudflare-docs, src/content/docs: waf/managed-rules/reference/owasp-core-ruleset/configure-api.mdx and
# ruleset-engine/managed-rulesets; the first one: terraform-provider-cloudflare, internal/services/ruleset/testdata.
_FLOODS = "4d21379b4f9f4bb088e0729962c8b3cf"
_MANAGED = "efb7b8c949ac4650a09736fc376e9aee"
_OWASP = "4814384a9e5d4991b9815dcfc25d2f1f"
_OWASP_SCORE = "6179ae15870a4bb7b2d480d4843b323c"
# What Cloudflare calls low sensitivity, and the rules beyond its default level, which are all on when an API switches
# the ruleset on. Source: the same folder, concepts.mdx and configure-api.mdx.
_OWASP_THRESHOLD = 60
_OWASP_BEYOND = ("paranoia-level-2", "paranoia-level-3", "paranoia-level-4")


def rules(settings: "CloudSettings") -> "dict[str, list[Rule]]":
    """Return the rules by the phase's word. A phase that the plan lacks is left out."""
    found = names.of(settings)
    plan = plans.PLANS[settings.cloudflare_plan]
    made = {
        "floods": _floods(),
        "custom": [*_machines(plan), *_blocked()],
        "limits": _limits(plan),
        "cache": _cache(found),
        "redirects": _redirects(found),
        "headers": _headers(found),
    }
    return {"managed": _managed(), **made} if plan.has_managed_rules else made


def _rule(ref: str, action: str, expression: str, description: str, parameters: "Parameters | None" = None) -> "Rule":
    rule: Rule = {
        "ref": ref,
        "action": action,
        "expression": expression,
        "description": description,
        "enabled": True,
    }
    if parameters is not None:
        rule["action_parameters"] = parameters
    return rule


def _managed() -> "list[Rule]":
    # A dozen critical findings in one request: a customer's free text that looks like SQL has one or two. Only to log
    # them is for the largest plan (ruleset-engine/rules-language/actions.mdx); a person gets by the challenge.
    score: cloudflare.RulesetRuleActionParametersOverridesRuleArgsDict = {
        "id": _OWASP_SCORE,
        "action": "managed_challenge",
        "enabled": True,
        "score_threshold": _OWASP_THRESHOLD,
    }
    beyond: list[cloudflare.RulesetRuleActionParametersOverridesCategoryArgsDict] = [
        {"category": level, "enabled": False} for level in _OWASP_BEYOND
    ]
    owasp: Parameters = {"id": _OWASP, "overrides": {"categories": beyond, "rules": [score]}}
    return [
        _rule("managed", "execute", "true", "Cloudflare's managed rules", {"id": _MANAGED}),
        _rule("owasp", "execute", "true", "OWASP's rules, at a high score", owasp),
    ]


def _floods() -> "list[Rule]":
    # Cloudflare runs these rules anyhow; said here, nobody turns them down by hand and leaves them so.
    rules: Parameters = {"id": _FLOODS, "overrides": {"sensitivity_level": "default"}}
    return [_rule("floods", "execute", "true", "floods of requests are stopped as early as Cloudflare can", rules)]


def _machines(plan: plans.Plan) -> "list[Rule]":
    """Before all others: what sorts bots would challenge every machine, and a machine cannot answer."""
    if not plan.sorts_bots:
        return []
    rule = _rule(
        "machines", "skip", _starts(_MACHINE_PATHS), "machines may call the API", {"phases": ["http_request_sbfm"]}
    )
    return [{**rule, "logging": {"enabled": True}}]


def _blocked() -> "list[Rule]":
    methods = f"not http.request.method in {_set(_METHODS)}"
    figures = 'http.request.uri.path eq "/api/metrics"'
    return [
        _rule("methods", "block", methods, "methods that the service does not have"),
        _rule("figures", "block", figures, "figures are for Prometheus, inside"),
        _rule("scanners", "block", _starts(_SCANNED, lower=True), "what only scanners ask for"),
    ]


def _limits(plan: plans.Plan) -> "list[Rule]":
    """By path alone: the smaller plans match on nothing else. The edges count by method, and finer."""
    wanted = [
        # The edges allow ten attempts a minute; looking at the page counts here too.
        ("login", _starts(_LOGIN_PATHS), "attempts to log in", 30, 600),
        ("api", _starts(("/api/",)), "the API", 1200, 60),
    ]
    return [_limit(plan, *one) for one in wanted[: plan.rate_limits]]


def _limit(plan: plans.Plan, ref: str, expression: str, what: str, per_minute: int, block_s: int) -> "Rule":
    period_s = min(60, plan.rate_period_s)
    rule = _rule(ref, "block", expression, f"{what}, by address")
    rule["ratelimit"] = {
        "characteristics": ["cf.colo.id", "ip.src"],
        "period": period_s,
        "requests_per_period": per_minute * period_s // 60,
        "mitigation_timeout": min(block_s, plan.rate_block_s),
        "requests_to_origin": False,
    }
    return rule


def _cache(found: names.Names) -> "list[Rule]":
    """What is bypassed and what is kept never overlap, so their order means nothing."""
    assets = f'http.host eq "{found.assets}"'
    static = _starts(CACHED_PATHS)
    bypass: Parameters = {"cache": False}
    keep: Parameters = {
        "cache": True,
        "edge_ttl": {"mode": "respect_origin"},
        "browser_ttl": {"mode": "respect_origin"},
    }
    keep_assets: Parameters = {
        "cache": True,
        "edge_ttl": {"mode": "override_origin", "default": _ASSETS_S},
        "browser_ttl": {"mode": "respect_origin"},
    }
    return [
        _rule("personal", "set_cache_settings", f"not {assets} and {_starts(PERSONAL_PATHS)}", "one person's", bypass),
        _rule("nothing-else", "set_cache_settings", f"not ({assets} or {static})", "whatever is not listed", bypass),
        _rule("static", "set_cache_settings", f"not {assets} and {static}", "the service's own files", keep),
        _rule("assets", "set_cache_settings", assets, "the assets bucket", keep_assets),
    ]


def _redirects(found: names.Names) -> "list[Rule]":
    apex = found.hosts["apex"]
    target: Parameters = {
        "from_value": {
            "status_code": 301,
            "preserve_query_string": True,
            "target_url": {"expression": f'concat("https://{apex}", http.request.uri.path)'},
        }
    }
    contract: Parameters = {
        "from_value": {
            "status_code": 302,  # a documentation site of its own may come
            "preserve_query_string": False,
            "target_url": {"value": f"https://{apex}{_CONTRACT_PATH}"},
        }
    }
    return [
        _rule("www", "redirect", f'http.host eq "{found.hosts["www"]}"', "one name for one site", target),
        _rule("docs", "redirect", f'http.host eq "{found.hosts["docs"]}"', "what the API says of itself", contract),
    ]


def _headers(found: names.Names) -> "list[Rule]":
    """What the edges say of their own answers is finer; here is what Cloudflare itself answers."""
    ours = sorted(filter(None, [found.assets, found.pages]))
    said = {"Referrer-Policy": "strict-origin-when-cross-origin", "X-Content-Type-Options": "nosniff"}
    said_headers: dict[str, Header] = {name: {"operation": "set", "value": value} for name, value in said.items()}
    removed: dict[str, Header] = {"X-Powered-By": {"operation": "remove"}}
    return [
        _rule(
            "cloudflare-answers", "rewrite", f"http.host in {_set(ours)}", "security headers", {"headers": said_headers}
        ),
        _rule("everywhere", "rewrite", "true", "what tells of our software", {"headers": removed}),
    ]


def _set(values: Iterable[str]) -> str:
    return "{" + " ".join(f'"{value}"' for value in sorted(values)) + "}"


def _starts(prefixes: Iterable[str], *, lower: bool = False) -> str:
    field = "lower(http.request.uri.path)" if lower else "http.request.uri.path"
    return "(" + " or ".join(f'starts_with({field}, "{prefix}")' for prefix in sorted(prefixes)) + ")"
