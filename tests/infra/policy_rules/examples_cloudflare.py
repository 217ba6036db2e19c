"""Examples of the rules over Cloudflare."""
# ruff: noqa: FBT003 - values of inputs, side by side

from dataclasses import replace
from typing import Any

from policy_case import Example, made, simple

from infra.policy.model import UNKNOWN

CF = "cloudflare:index/"
NAME, SETTING, RULESET = f"{CF}dnsRecord:DnsRecord", f"{CF}zoneSetting:ZoneSetting", f"{CF}ruleset:Ruleset"
R2 = f"{CF}r2Bucket:R2Bucket"
COPY = made(R2, "backup-copy", name="boka-backup-copy")
R2_LOCK = made(f"{CF}r2BucketLock:R2BucketLock", "lock", {"bucketName": (COPY.urn,)}, rules=[{"enabled": True}])
SETTINGS = tuple(
    made(SETTING, f"x-{key}", settingId=key)
    for key in ("min_tls_version", "always_use_https", "security_header", "tls_client_auth")
)
RULE = {"ref": "one", "description": "why", "enabled": True}
LIMIT = {**RULE, "ratelimit": {"characteristics": ["cf.colo.id", "ip.src"]}}
CACHE = {**RULE, "expression": 'starts_with(http.request.uri.path, "/api/")', "actionParameters": {"cache": False}}
HSTS = {"strict_transport_security": {"enabled": True, "max_age": 31536000}}
WORKER = f"{CF}workersScript:WorkersScript"
TOKEN = f"{CF}apiToken:ApiToken"


def setting(setting_id: str, good: Any, bad: Any) -> Example:
    return simple(SETTING, "value", good, bad, settingId=setting_id)


def flood(level: str) -> dict[str, Any]:
    """A rule that has Cloudflare's protection from floods run at a sensitivity."""
    return {**RULE, "actionParameters": {"overrides": {"sensitivityLevel": level}}}


def phase(name: str, other: str) -> Example:
    """A zone has a ruleset of a phase; the resource is the first of its rulesets."""
    ruleset = made(RULESET, "a", phase=other)
    there = made(RULESET, "b", phase=name)
    return Example(good=ruleset, beside=(there,), bad_beside=(), unknown_beside=(made(RULESET, "b", phase=UNKNOWN),))


EXAMPLES: dict[str, Example] = {
    # The CDN
    "name-is-proxied": simple(NAME, "proxied", True, False, type="A", name="www.boka.example"),
    "name-has-a-ttl": simple(NAME, "ttl", 1, 300, proxied=True),
    "zone-settings-are-there": Example(
        good=made(SETTING, "a-ssl", settingId="ssl"),
        beside=SETTINGS,
        bad_beside=SETTINGS[:2],
        unknown_beside=(*SETTINGS[:2], made(SETTING, "x", settingId=UNKNOWN)),
    ),
    "origin-is-reached-by-strict-tls": setting("ssl", "strict", "flexible"),
    "zone-speaks-modern-tls": setting("min_tls_version", "1.2", "1.0"),
    "zone-redirects-to-https": setting("always_use_https", "on", "off"),
    "zone-takes-no-early-data": setting("0rtt", "off", "on"),
    "zone-sends-hsts": setting(
        "security_header", HSTS, {"strict_transport_security": {"enabled": True, "max_age": 60}}
    ),
    "origin-knows-the-cdn": setting("tls_client_auth", "on", "off"),
    "zone-is-signed": simple(f"{CF}zoneDnssec:ZoneDnssec", "status", "active", "disabled"),
    "phase-has-one-ruleset": Example(
        good=made(RULESET, phase="http_ratelimit", zoneId="z"),
        beside=(made(RULESET, "other", phase="http_request_firewall_custom", zoneId="z"),),
        bad_beside=(made(RULESET, "other", phase="http_ratelimit", zoneId="z"),),
        unknown_beside=(made(RULESET, "other", phase="http_ratelimit", zoneId=UNKNOWN),),
    ),
    "ruleset-rules-have-a-ref": simple(RULESET, "rules", [RULE], [RULE, RULE]),
    "ruleset-rules-say-why": simple(RULESET, "rules", [RULE], [{**RULE, "enabled": None}]),
    "zone-is-filtered": phase("http_request_firewall_managed", "http_ratelimit"),
    "zone-limits-rates": phase("http_ratelimit", "http_request_firewall_managed"),
    "rate-limit-counts-a-place": simple(
        RULESET, "rules", [LIMIT], [{**RULE, "ratelimit": {"characteristics": ["ip.src"]}}], phase="http_ratelimit"
    ),
    "floods-are-stopped-early": simple(RULESET, "rules", [flood("default")], [flood("low")], phase="ddos_l7"),
    "certain-bots-do-not-pass": simple(
        "cloudflare:index/botManagement:BotManagement", "sbfmDefinitelyAutomated", "managed_challenge", "allow"
    ),
    "answers-of-the-api-are-not-kept": simple(
        RULESET, "rules", [CACHE, RULE], [RULE, CACHE], phase="http_request_cache_settings"
    ),
    "copies-are-write-once": Example(
        good=COPY,
        beside=(R2_LOCK,),
        bad_beside=(),
        unknown_beside=(replace(R2_LOCK, inputs={"rules": UNKNOWN}),),
    ),
    "copies-are-not-public": Example(
        good=COPY,
        bad_beside=(made(f"{CF}r2CustomDomain:R2CustomDomain", "d", bucketName="boka-backup-copy"),),
        unknown_beside=(made(f"{CF}r2CustomDomain:R2CustomDomain", "d", bucketName=UNKNOWN),),
    ),
    "bucket-has-no-developer-name": simple(f"{CF}r2ManagedDomain:R2ManagedDomain", "enabled", False, True),
    "bucket-name-speaks-modern-tls": simple(f"{CF}r2CustomDomain:R2CustomDomain", "minTls", "1.2", "1.0"),
    "worker-is-pinned": simple(WORKER, "compatibilityDate", "2026-11-01", None),
    "worker-secret-is-bound-as-one": simple(
        WORKER,
        "bindings",
        [{"name": "API_TOKEN", "type": "secret_text"}],
        [{"name": "API_TOKEN", "type": "plain_text"}],
    ),
    "worker-serves-our-names": simple(f"{CF}workersRoute:WorkersRoute", "pattern", "www.boka.example/*", "*/*"),
    "front-is-made-from-main": simple(f"{CF}pagesProject:PagesProject", "productionBranch", "main", "next"),
    "token-is-narrow": simple(
        TOKEN,
        "policies",
        [{"resources": {"com.cloudflare.api.account.zone.0123": "*"}}],
        [{"resources": {"com.cloudflare.api.account.zone.*": "*"}}],
    ),
    "token-ends": simple(TOKEN, "expiresOn", "2027-11-01T00:00:00Z", None),
    "alert-is-heard": simple(
        f"{CF}notificationPolicy:NotificationPolicy", "mechanisms", {"emails": [{"id": "a"}]}, {}, enabled=True
    ),
    "health-is-asked-by-tls": simple(f"{CF}healthcheck:Healthcheck", "type", "HTTPS", "HTTP"),
}
