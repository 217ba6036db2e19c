"""What a live run ends with: what is left, what it cost, what to type next."""

from pathlib import Path

from live_flow import Ended
from live_guards import cost_usd
from live_steps import HOUR_S

from infra import cost


def told(ended: Ended, price: cost.Estimate, folder: Path, *, raised: bool = True) -> list[str]:
    """Return the sentences of the end. Of a stack that an earlier run raised, nobody knows how long it stood."""
    hours = ended.took_s / HOUR_S
    usd = cost_usd(price, hours)
    if ended.kept:
        an_hour = price.usd_a_month / cost.HOURS_A_MONTH
        first = [f"KEPT, as asked: it goes on to cost {an_hour:.2f} US dollars an hour."]
        after = ["Take it away: make test-cloud LIVE=--only-down"]
    elif ended.left:
        first = [f"LEFT BEHIND, {len(ended.left)} things:", *(f"  {one}" for one in ended.left)]
        after = ["Try again: make test-cloud LIVE=--only-down. Then look in the consoles: this costs money."]
    else:
        first = ["Nothing with the stack's tags or names is left."]
        after = ["What boka init made stays for the next run: a bucket, and a key of 1 US dollar a month."]
    stood = (
        f"It stood {hours:.1f} h at most: {usd:.2f} US dollars by {price.region}'s list prices of {price.as_of}, begun "
        f"hours as whole ones; without {cost.LEFT_OUT}."
    )
    return [
        *first,
        *([stood] if raised else []),
        *after,
        *([f"FAILED: {ended.failure}", f"All that boka did: {folder / 'home' / 'journal'}"] if ended.failure else []),
    ]
