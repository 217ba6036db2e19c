"""What the clock does to sessions."""

import asyncio
from uuid import uuid4

import pytest
from boka_app.database import make_pool
from boka_app.identity import jobs
from boka_app.parts import Parts
from boka_app.vault import Vault

from app.builders import NOW
from app.conftest import settings

pytestmark = pytest.mark.postgresql


def test_ended_sessions_are_forgotten_after_thirty_days(database, admin, account):
    statement = "insert into account_session (id, account_id, secret_hash, expires_at) values (%s, %s, sha256(%s), %s)"
    ends = [NOW - jobs.KEEP, NOW - jobs.KEEP * 2]
    for end in ends:
        admin.execute(statement, [uuid4(), account.id, str(end).encode() + account.id.bytes, end])

    async def whole():
        async with make_pool(database.as_role("booking_app"), max_size=1) as pool:
            given = settings()
            parts = Parts(settings=given, pool=pool, vault=Vault(*given.encryption_keys), now=lambda: NOW)
            await jobs.forget_sessions(parts)

    asyncio.run(whole())
    left = admin.execute("select expires_at from account_session where account_id = %s", [account.id]).fetchall()
    assert left == [(ends[0],)]
