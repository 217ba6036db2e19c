"""What must be so before anything is made in somebody's account. Pure: what was seen comes in, sentences come out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.cloud_settings import CloudSettings
from infra.cloudflare import names
from infra.cost import HOURS_A_MONTH, Estimate
from ops.errors import Refused

ENVIRONMENT = "staging"  # the only one that may be a throwaway
DEFAULT_HOURS, MOST_HOURS = 3.0, 12.0
DESTROY_HOURS = 1.0  # what taking it all away may take, after the deadline at the latest
VARIABLES = {
    "BOKA_LIVE_ACCOUNT": "the AWS account, 12 digits, in which things are made and deleted",
    "BOKA_LIVE_SETTINGS": "a settings file of your own, see docs/howto/test-in-the-cloud.md",
    "BOKA_LIVE_DOMAIN": "the domain whose Cloudflare zone is the test's alone: its rules and settings are replaced",
    "BOKA_LIVE_BUDGET_USD": "what the run may cost by the estimate, in US dollars",
    "CLOUDFLARE_API_TOKEN": "a token for that zone and its account, as for boka up",
}
_HOURS = "BOKA_LIVE_HOURS"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the user allows. `hours` is the deadline: after it everything is taken away, done or not."""

    account_id: str
    settings: Path
    domain: str
    budget_usd: float
    hours: float


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the accounts say: who asks, what of a stack stands there, which records the zone has."""

    caller_account: str
    standing: list[str]
    records: list[dict[str, Any]]


class NotAllowed(Refused):
    """Something is not as it must be. Facts: `reasons`. Nothing was made."""

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__("\n  ".join(["nothing was made in any account:", *reasons]))


def wish_of(environment: Mapping[str, str]) -> Wish:
    """Return what the environment allows.

    Raises:
        NotAllowed: it does not say all of it, or something that makes no sense.
    """
    unset = [f"{name} is not set: {meaning}." for name, meaning in VARIABLES.items() if not environment.get(name)]
    if unset:
        raise NotAllowed([*unset, f"{_HOURS}, {DEFAULT_HOURS:g} if it is not set, is the deadline."])
    account_id, hours = environment["BOKA_LIVE_ACCOUNT"], environment.get(_HOURS, str(DEFAULT_HOURS))
    reasons = []
    if not re.fullmatch(r"[0-9]{12}", account_id):
        reasons.append(f"BOKA_LIVE_ACCOUNT is {account_id!r}; an account has 12 digits.")
    if not _is_number(hours, MOST_HOURS):
        reasons.append(f"{_HOURS} is {hours!r}; allowed are more than 0 and at most {MOST_HOURS:g} hours.")
    if not _is_number(environment["BOKA_LIVE_BUDGET_USD"], float("inf")):
        reasons.append(f"BOKA_LIVE_BUDGET_USD is {environment['BOKA_LIVE_BUDGET_USD']!r}; it must be more than 0.")
    if reasons:
        raise NotAllowed(reasons)
    return Wish(
        account_id=account_id,
        settings=Path(environment["BOKA_LIVE_SETTINGS"]).expanduser(),
        domain=environment["BOKA_LIVE_DOMAIN"],
        budget_usd=float(environment["BOKA_LIVE_BUDGET_USD"]),
        hours=float(hours),
    )


def file_refusal(settings: Path, checkout: Path) -> list[str]:
    """Why this file may not be taken: it is not there, or is one that a team raises its own stacks from."""
    if not settings.is_file():
        return [f"BOKA_LIVE_SETTINGS is {settings}; there is no such file. Copy Pulumi.staging.yaml to begin with."]
    if settings.resolve().parent == checkout.resolve():
        return [f"BOKA_LIVE_SETTINGS is {settings}, a file of the checkout; the test wants one of its own elsewhere."]
    return []


def settings_refusals(wish: Wish, chosen: CloudSettings, cost: Estimate) -> list[str]:
    """Why a stack of these settings may not be raised and destroyed, as far as that is known without any account."""
    wanted: dict[str, tuple[object, object, str]] = {
        "account_id": (chosen.account_id, wish.account_id, "what BOKA_LIVE_ACCOUNT says"),
        "domain": (chosen.domain, wish.domain, "what BOKA_LIVE_DOMAIN says"),
        "throwaway": (chosen.throwaway, True, "or nothing could be deleted"),
        "profile": (chosen.profile, "small", "the smallest"),
        "secrets_in": (chosen.secrets_in, "secrets-manager", "which goes with the stack; files would stay"),
        "owns_account": (chosen.owns_account, False, "or the account's own switches would be set and taken back"),
        "backup_account_id": (chosen.backup_account_id, None, "what is left in a second account is not looked at"),
    }
    reasons = [
        f"boka:{key} is {_told(seen)} in {wish.settings}; it must be {_told(must)}, {why}."
        for key, (seen, must, why) in wanted.items()
        if seen != must
    ]
    return [*reasons, *_budget_refusal(wish, cost)]


def account_refusals(wish: Wish, chosen: CloudSettings, seen: Seen) -> list[str]:
    """Why the accounts, as they are now, are not the place for it."""
    reasons = []
    if seen.caller_account != wish.account_id:
        reasons.append(f"these credentials are of account {seen.caller_account}, not of {wish.account_id}.")
    if seen.standing:
        reasons.append(
            f"a stack {ENVIRONMENT} stands there already, {len(seen.standing)} things of it, the first "
            f"{seen.standing[0]}. If a test left it: make test-cloud LIVE=--only-down"
        )
    taken = sorted({one["name"] for one in seen.records} & set(names.of(chosen).every))
    if taken:
        reasons.append(f"zone {chosen.domain} has records for {', '.join(taken)}, which somebody seems to use.")
    return reasons


def cost_usd(cost: Estimate, hours: float) -> float:
    """Return what a stack costs that stands for some hours, each begun hour as a whole one."""
    return cost.usd_a_month / HOURS_A_MONTH * -(-hours // 1)


def _budget_refusal(wish: Wish, cost: Estimate) -> list[str]:
    planned = wish.hours + DESTROY_HOURS
    if not cost.items:
        return [f"infra/prices.json has no prices of {cost.region}, so nobody knows what it would cost."]
    usd = cost_usd(cost, planned)
    if usd <= wish.budget_usd:
        return []
    return [
        f"{planned:g} hours of it cost {usd:.2f} US dollars by the list prices of {cost.as_of}; BOKA_LIVE_BUDGET_USD "
        f"allows {wish.budget_usd:.2f}. Allow more, or set {_HOURS} lower."
    ]


def _is_number(text: str, most: float) -> bool:
    try:
        return 0 < float(text) <= most
    except ValueError:
        return False


def _told(value: object) -> str:
    return "left out" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
