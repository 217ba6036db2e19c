"""Maintenance and read-only: what is answered while they are on, and that processes follow them."""

import asyncio

import pytest
from boka_app.identity.model import InMaintenance, ReadOnly
from boka_app.identity.switches import Switches


def switched(*on):
    switches = Switches(None)
    switches.on = frozenset(on)
    return switches


@pytest.mark.parametrize(
    "path", ["/health", "/api/health/ready", "/api/metrics", "/api/admin/switches", "/api/auth/login"]
)
def test_operators_get_in_while_nobody_else_does(path):
    switched("maintenance", "read_only").check("POST", path)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/api/tenants/demo", "/b/demo", "/"])
def test_in_maintenance_nothing_else_is_answered(method, path):
    with pytest.raises(InMaintenance):
        switched("maintenance").check(method, path)


def test_read_only_lets_read_and_search():
    switched("read_only").check("GET", "/b/demo")
    switched("read_only").check("QUERY", "/api/tenants/demo/slots")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_read_only_lets_nothing_be_changed(method):
    with pytest.raises(ReadOnly):
        switched("read_only").check(method, "/api/tenants/demo/appointments")


@pytest.mark.postgresql
def test_a_switch_turned_in_the_database_reaches_every_process(talk, admin, salon):
    async def turned(service, *, enabled, status):
        admin.execute("update platform_switch set enabled = %s where name = 'maintenance'", [enabled])
        async with asyncio.timeout(5):
            while (answer := await service.send("GET", salon.address)).status_code != status:
                await asyncio.sleep(0.05)
        return answer

    async def conversation(service):
        return await turned(service, enabled=True, status=503), await turned(service, enabled=False, status=200)

    refused, answered = talk(conversation)
    assert (refused.json["type"], refused.headers["retry-after"]) == ("/problems/maintenance", "60")
    assert answered.json["slug"] == salon.slug
