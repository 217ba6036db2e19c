"""Rules about the CDN: names, TLS, what is filtered before it reaches us, copies in R2, what tokens may."""

import json
from typing import cast

from infra.policy.model import Resource, Stack, Value, at, first_bad, items, shown
from infra.policy.network import is_open

_ON, _OFF = True, False
_ADDRESSES = ("A", "AAAA", "CNAME")
_AUTOMATIC = 1
_TTL = range(60, 86401)
_LEAST_HSTS_S = 180 * 86400
_MODERN = ("1.2", "1.3")
_SETTINGS = ("ssl", "min_tls_version", "always_use_https", "security_header", "tls_client_auth")
_FIREWALL, _LIMITS, _CACHE = "http_request_firewall_managed", "http_ratelimit", "http_request_cache_settings"
_FLOODS = "ddos_l7"


def _is_setting(one: Resource, setting: str) -> bool:
    return one.get("settingId") == setting


def _is_backup(one: Resource) -> bool:
    return "backup" in str(one.get("name") or one.name)


def _first(one: Resource, stack: Stack) -> bool:
    """Whether it is the first of its class: what a zone must have is said once."""
    return one.urn == min((other.urn for other in stack.of(one.kind)), default=one.urn)


def name_is_proxied(one: Resource, stack: Stack) -> str:
    """A public name leads to the CDN while ours takes nobody else; names that begin with _ are for machines."""
    for_machines = str(one.get("name")).startswith("_") or "._domainkey" in str(one.get("name"))
    if one.get("type") not in _ADDRESSES or for_machines:
        return ""
    seen = one.must("proxied", _ON)
    # Not by a setting: a rule sees what exists. Who takes the CDN's networks only is not reached by another way.
    return "" if seen and any(is_open(rule) for rule in stack.of("SecurityGroupIngressRule")) else seen


def name_has_a_ttl(one: Resource, _: Stack) -> str:
    """A proxied name's TTL is 1 (automatic), another's 60 s to a day."""
    ttl = one.get("ttl")
    fits = ttl == _AUTOMATIC if one.get("proxied") else ttl in _TTL
    return "" if fits else f"ttl is {shown(ttl)}"


def zone_settings_are_there(one: Resource, stack: Stack) -> str:
    """A zone's TLS settings are the program's, not whatever somebody clicked."""
    if not _first(one, stack):
        return ""
    there = [other.get("settingId") for other in stack.of("ZoneSetting")]
    return first_bad(_SETTINGS, lambda setting: "" if setting in there else f"there is no ZoneSetting {setting}")


def origin_is_reached_by_strict_tls(one: Resource, _: Stack) -> str:
    """The CDN speaks TLS to the origin and checks its certificate."""
    return one.must("value", "strict") if _is_setting(one, "ssl") else ""


def zone_speaks_modern_tls(one: Resource, _: Stack) -> str:
    """The CDN speaks TLS 1.2 or newer."""
    return one.must("value", *_MODERN) if _is_setting(one, "min_tls_version") else ""


def zone_redirects_to_https(one: Resource, _: Stack) -> str:
    """The CDN answers plain HTTP by a redirect."""
    return one.must("value", "on") if _is_setting(one, "always_use_https") else ""


def zone_takes_no_early_data(one: Resource, _: Stack) -> str:
    """The CDN takes no early data: whoever records it can book twice."""
    return one.must("value", "off") if _is_setting(one, "0rtt") else ""


def zone_sends_hsts(one: Resource, _: Stack) -> str:
    """Browsers are told for half a year or longer to come by TLS only."""
    if not _is_setting(one, "security_header"):
        return ""
    sent = at(one.get("value"), "strict_transport_security")
    age = at(sent, "max_age")
    long = isinstance(age, int) and age >= _LEAST_HSTS_S
    return "" if at(sent, "enabled") is True and long else f"enabled {shown(at(sent, 'enabled'))}, max_age {shown(age)}"


def origin_knows_the_cdn(one: Resource, _: Stack) -> str:
    """The CDN shows the origin a certificate (authenticated origin pulls), so that nobody comes past it."""
    if one.kind == "ZoneSetting":
        return one.must("value", "on") if _is_setting(one, "tls_client_auth") else ""
    return one.must("enabled", _ON)


def zone_is_signed(one: Resource, _: Stack) -> str:
    """The zone is signed (DNSSEC)."""
    return one.must("status", "active")


def phase_has_one_ruleset(one: Resource, stack: Stack) -> str:
    """A zone has one ruleset a phase: a second takes the first one's rules away."""

    def same(other: Resource) -> str:
        both = ("phase", "zoneId", "accountId")
        twin = other.urn != one.urn and all(other.get(key) == one.get(key) for key in both)
        return f"{other.name} is of phase {one.get('phase')} too" if twin else ""

    return first_bad(stack.of("Ruleset"), same)


def ruleset_rules_have_a_ref(one: Resource, _: Stack) -> str:
    """Each rule of a ruleset has a ref of its own, else one more rule makes all others anew."""
    refs = [at(rule, "ref") for rule in one.items("rules")]
    if not all(refs):
        return "a rule has no ref"
    return "" if len(set(refs)) == len(refs) else "two rules have one ref"


def ruleset_rules_say_why(one: Resource, _: Stack) -> str:
    """Each rule of a ruleset has a description, and says whether it is on."""

    def silent(rule: object) -> str:
        if not at(rule, "description"):
            return f"rule {at(rule, 'ref')} has no description"
        return f"rule {at(rule, 'ref')} does not say enabled" if at(rule, "enabled") is None else ""

    return first_bad(one.items("rules"), silent)


def zone_is_filtered(one: Resource, stack: Stack) -> str:
    """Production's zone has the managed firewall rules, which the smallest plan has not."""
    return _phase_is_there(one, stack, _FIREWALL)


def zone_limits_rates(one: Resource, stack: Stack) -> str:
    """A zone with rules has rate limits among them."""
    return _phase_is_there(one, stack, _LIMITS)


def _phase_is_there(one: Resource, stack: Stack, phase: str) -> str:
    if not _first(one, stack):
        return ""
    there = [other.get("phase") for other in stack.of("Ruleset")]
    return "" if phase in there else f"there is no Ruleset of phase {phase}"


def rate_limit_counts_a_place(one: Resource, _: Stack) -> str:
    """A rate limit counts by data centre of the CDN, the only way that it can, and by something of the caller."""
    if one.get("phase") != _LIMITS:
        return ""

    def places(rule: object) -> str:
        counted = items(rule, "ratelimit.characteristics")
        return "" if "cf.colo.id" in counted and len(counted) > 1 else f"rule {at(rule, 'ref')} counts by {counted}"

    return first_bad(one.items("rules"), places)


def floods_are_stopped_early(one: Resource, _: Stack) -> str:
    """The CDN's protection from floods of requests is as sensitive as it can be, and does more than log."""
    if one.get("phase") != _FLOODS:
        return ""

    def lowered(rule: object) -> str:
        said = at(rule, "actionParameters.overrides")
        each = [said, *items(said, "rules"), *items(said, "categories")]
        levels = [at(part, "sensitivityLevel") for part in each]
        low = [level for level in levels if level not in (None, "default")]
        logs = any(at(part, "action") == "log" for part in each)
        return (
            f"rule {at(rule, 'ref')} sets {shown(low[0])}"
            if low
            else f"rule {at(rule, 'ref')} only logs"
            if logs
            else ""
        )

    return first_bad(one.items("rules"), lowered)


def certain_bots_do_not_pass(one: Resource, _: Stack) -> str:
    """What is a bot for certain is challenged or blocked where the CDN sorts bots; search engines are let in."""
    return one.must("sbfmDefinitelyAutomated", "block", "managed_challenge", None) or one.must(
        "sbfmVerifiedBots", "allow", None
    )


def answers_of_the_api_are_not_kept(one: Resource, _: Stack) -> str:
    """The first cache rule keeps the CDN from keeping what the API answers."""
    if one.get("phase") != _CACHE:
        return ""
    rules = one.items("rules")
    first: Value = rules[0] if rules else None
    bypass = at(first, "actionParameters.cache") is False and "/api" in str(at(first, "expression"))
    return "" if bypass else f"its first rule, {at(first, 'ref')}, does not bypass the cache for /api"


def copies_are_write_once(one: Resource, stack: Stack) -> str:
    """A bucket for backups at the CDN cannot be emptied before their time."""
    if not _is_backup(one):
        return ""
    locks = stack.about(one, "R2BucketLock", "bucketName")
    enabled = [rule for lock in locks for rule in lock.items("rules") if at(rule, "enabled")]
    return "" if enabled else "no R2BucketLock with an enabled rule names it"


def copies_are_not_public(one: Resource, stack: Stack) -> str:
    """A bucket for backups at the CDN has no public name."""
    if not _is_backup(one):
        return ""
    return "an R2CustomDomain names it" if stack.about(one, "R2CustomDomain", "bucketName") else ""


def bucket_has_no_developer_name(one: Resource, _: Stack) -> str:
    """A bucket at the CDN is not reached by its r2.dev name, past all rules of the zone."""
    return one.must("enabled", _OFF)


def bucket_name_speaks_modern_tls(one: Resource, _: Stack) -> str:
    """A bucket's public name speaks TLS 1.2 or newer."""
    return one.must("minTls", *_MODERN)


def worker_is_pinned(one: Resource, _: Stack) -> str:
    """A Worker names the day whose runtime it was tried on."""
    return one.must("compatibilityDate")


def worker_serves_our_names(one: Resource, _: Stack) -> str:
    """A Worker's route names a host of ours, not every one."""
    pattern = str(one.get("pattern"))
    return "" if "." in pattern.partition("/")[0] else f"pattern is {pattern!r}"


def worker_secret_is_bound_as_one(one: Resource, _: Stack) -> str:
    """A Worker's text that sounds like a secret is bound as one."""

    def clear(binding: object) -> str:
        name = str(at(binding, "name")).upper()
        sounds = name.endswith(("TOKEN", "SECRET", "PASSWORD", "KEY"))
        return f"{name} is bound as text" if sounds and at(binding, "type") in ("plain_text", "json") else ""

    return first_bad(one.items("bindings"), clear)


def front_is_made_from_main(one: Resource, _: Stack) -> str:
    """The static front is published from the main branch only."""
    return one.must("productionBranch", "main")


def token_is_narrow(one: Resource, _: Stack) -> str:
    """A token of the CDN is good for named zones, buckets or an account, not for everything."""

    def wide(policy: object) -> str:
        named = at(policy, "resources")
        things = cast("dict[str, object]", json.loads(named) if isinstance(named, str) else named or {})
        found = [thing for thing in things if thing.endswith("*")]
        return "" if things and not found else f"it is good for {found[0] if found else 'nothing that it names'}"

    return first_bad(one.items("policies"), wide) if one.items("policies") else "it has no policies"


def token_ends(one: Resource, _: Stack) -> str:
    """A token of the CDN ends some day."""
    return one.must("expiresOn")


def alert_is_heard(one: Resource, _: Stack) -> str:
    """An alert of the CDN is on and tells somebody."""
    told = [one.items(f"mechanisms.{way}") for way in ("emails", "webhooks", "pagerduties")]
    return one.must("enabled", _ON) or ("" if any(told) else "mechanisms names nobody")


def health_is_asked_by_tls(one: Resource, _: Stack) -> str:
    """The CDN asks the origin's health by TLS and checks its certificate."""
    return one.must("type", "HTTPS") or one.must("httpConfig.allowInsecure", _OFF, None)
