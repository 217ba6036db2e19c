"""What Cloudflare's plans allow of what we use. Pure.

Source: cloudflare/cloudflare-docs, src/content: partials/waf/rate-limiting-availability-by-plan.mdx (rate limits),
plans/index.json (managed rules, health checks), docs/bots/plans (bots: enterprise without its add-on is as business).
"""

from dataclasses import dataclass

from infra.cloud_settings import CloudflarePlan


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`rate_limits` is how many rules a zone may have, the seconds are the longest of each kind.

    `sorts_bots` is Super Bot Fight Mode: what bots may, by kind, and by path; `sees_likely_bots` has one kind more.
    """

    rate_limits: int
    rate_period_s: int
    rate_block_s: int
    has_managed_rules: bool
    has_health_checks: bool
    sorts_bots: bool
    sees_likely_bots: bool


_FREE = Plan(
    rate_limits=1,
    rate_period_s=10,
    rate_block_s=10,
    has_managed_rules=False,
    has_health_checks=False,
    sorts_bots=False,
    sees_likely_bots=False,
)
_PRO = Plan(
    rate_limits=2,
    rate_period_s=60,
    rate_block_s=3600,
    has_managed_rules=True,
    has_health_checks=True,
    sorts_bots=True,
    sees_likely_bots=False,
)
_BUSINESS = Plan(
    rate_limits=5,
    rate_period_s=600,
    rate_block_s=86400,
    has_managed_rules=True,
    has_health_checks=True,
    sorts_bots=True,
    sees_likely_bots=True,
)
PLANS: dict[CloudflarePlan, Plan] = {"free": _FREE, "pro": _PRO, "business": _BUSINESS, "enterprise": _BUSINESS}
