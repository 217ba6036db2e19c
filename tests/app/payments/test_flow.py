"""A customer pays, through HTTP on a real PostgreSQL, at providers that stand in."""

import asyncio
from datetime import timedelta

import pytest

from app.builders import NOW

pytestmark = pytest.mark.postgresql


def test_paying_confirms_the_appointment(shop, rows):
    async def talk(one):
        visit = await one.book()
        before = await visit.status()
        back = await visit.pay()
        assert await one.deliver() == [200]
        await one.run_jobs()
        return before, await visit.status(), back, visit.page

    before, after, back, page = shop(talk)

    assert (before, after) == ("pending", "confirmed")
    assert back.startswith(f"https://boka.test{page}")
    assert rows("payment", "status, amount_minor, purpose") == [("succeeded", 5000, "full")]
    assert rows("appointment", "paid_minor") == [5000]
