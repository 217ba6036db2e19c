"""Cloudflare's part of each layer. Tables of contents only.

Base: the zone's behaviour, buckets, tokens; they stand on nothing. Stack: what names hosts, or points to them.
While the stack is not live, nothing that a visitor of the zone could notice is made.
"""

from typing import Any

import pulumi

from infra.aws.component import Context
from infra.cloudflare import names
from infra.cloudflare.bots import Bots
from infra.cloudflare.front import Front
from infra.cloudflare.health import Health, HealthArgs
from infra.cloudflare.maintenance import Maintenance
from infra.cloudflare.origin_pull import OriginPull
from infra.cloudflare.records import Records, RecordsArgs
from infra.cloudflare.rules import Rules
from infra.cloudflare.storage import Storage
from infra.cloudflare.tokens import Tokens, TokensArgs
from infra.cloudflare.zone import Zone


def base(context: Context, key_arn: pulumi.Input[str], parent: pulumi.Resource) -> dict[str, Any]:
    """Make the part of the base layer. `key_arn` encrypts the tokens. Returns outputs."""
    storage = Storage("storage", context=context, parent=parent)
    tokens = Tokens("tokens", TokensArgs(key_arn=key_arn), context=context, parent=parent)
    made = {"r2_buckets": storage.bucket_names, "token_secrets": tokens.secret_arns}
    if not context.settings.live:
        return {**made, "origin_authority": ""}
    zone = Zone("zone", context=context, parent=parent)
    Bots("bots", context=context, parent=parent)
    pull = OriginPull("origin-pull", context=context, parent=parent)
    return {**made, "ds": zone.ds, "origin_authority": pull.authority}


def stack(context: Context, origin: pulumi.Input[str], parent: pulumi.Resource) -> None:
    """Make the part of the stack's layer. `origin` is the load balancer's name."""
    if context.settings.live:
        Rules("rules", context=context, parent=parent)
        Maintenance("maintenance", context=context, parent=parent)
        Records("records", RecordsArgs(origin=origin), context=context, parent=parent)
    pages = names.of(context.settings).pages
    if pages is not None:
        Front("front", pages, context=context, parent=parent)
    Health("health", HealthArgs(origin=origin), context=context, parent=parent)
