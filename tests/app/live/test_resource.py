"""The streams over HTTP and WebSocket, in the process."""

import asyncio
import json
from contextlib import suppress

import pytest
from boka_app.live import service
from falcon import errors, testing

from app.builders import NOW, at
from app.conftest import post
from app.staff.test_resource import HASH, hire, logged_in

__all__ = ["HASH", "hire"]
pytestmark = pytest.mark.postgresql


async def first_event(client, path, headers=None):
    """Return the fields of the first event of a stream."""
    async with client.simulate_get_stream(path, headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        fields = {}
        async for line in lines(stream):
            if line.startswith("event:"):
                fields["event"] = line.removeprefix("event: ")
            if line.startswith("id:"):
                fields["id"] = line.removeprefix("id: ")
            if line.startswith("data:"):
                return fields | {"data": json.loads(line.removeprefix("data: "))}
    return {}


async def texts(listener):
    """Yield what comes until the service ends the stream; the simulated one does not say so, but is silent then."""
    with suppress(errors.WebSocketDisconnected, TimeoutError):
        while True:
            if isinstance(listener, testing.ASGIWebSocketSimulator):
                yield await listener.receive_text()
            else:
                yield await asyncio.wait_for(anext(lines(listener)), 1)


async def lines(stream):
    async with asyncio.timeout(5):
        while True:
            for line in (await stream.stream.read()).decode().splitlines():
                yield line
            await asyncio.sleep(0.01)  # the simulated stream answers at once, also when there is nothing yet


def test_everybody_learns_that_a_time_is_taken_and_no_more(serve, salon):
    async def talk(client):
        await post(client, salon)
        return await first_event(client, f"/b/{salon.slug}/live?since=1-0")

    told = serve(talk)

    assert told["event"] == "taken"
    assert told["data"] == {
        "kind": "taken",
        "employee": str(salon.employee_ids[0]),
        "starts_at": "2026-11-23T10:00:00Z",
        "ends_at": "2026-11-23T10:30:00Z",
    }


def test_staff_get_the_whole_event(serve, salon, hire):
    async def talk(client):
        booked = (await post(client, salon)).json
        headers = await logged_in(client, hire())
        return booked, await first_event(client, f"/api/tenants/{salon.slug}/live?since=1-0", headers)

    booked, told = serve(talk)

    assert told["event"] == "appointment.booked"
    assert told["data"]["subject_id"] == booked["appointment"]["id"]


def test_staff_get_events_through_a_web_socket_too(serve, salon, hire):
    async def talk(client):
        booked = (await post(client, salon)).json
        headers = await logged_in(client, hire())
        path = f"/api/tenants/{salon.slug}/live"
        async with client.simulate_ws(path, headers=headers, query_string="since=1-0") as ws:
            return booked, json.loads(await ws.receive_text())

    booked, told = serve(talk)

    assert (told["kind"], told["subject_id"]) == ("appointment.booked", booked["appointment"]["id"])


@pytest.mark.parametrize("open_", ["simulate_get_stream", "simulate_ws"])
def test_whoever_is_logged_out_hears_no_more(serve, salon, staff, admin, monkeypatch, open_):
    monkeypatch.setattr(service, "HEARTBEAT_S", 0.05)

    async def talk(client):
        path, headers, heard = f"/api/tenants/{salon.slug}/live", staff(salon) | {"Origin": "https://boka.test"}, 0
        async with getattr(client, open_)(path, headers=headers) as listener, asyncio.timeout(5):
            async for _ in texts(listener):
                heard += 1
                if heard == 2:
                    admin.execute("update account_session set revoked_at = now(), revoke_reason = 'forced'")
        return heard

    assert serve(talk) < 10


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Cookie": ""}])
def test_no_other_site_and_no_stranger_opens_a_web_socket(serve, salon, hire, headers):
    async def talk(client):
        browser = await logged_in(client, hire()) | headers
        async with client.simulate_ws(f"/api/tenants/{salon.slug}/live", headers=browser):
            raise AssertionError("it was opened")

    with pytest.raises(errors.WebSocketDisconnected):
        serve(talk, NOW)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        pytest.param("/b/{slug}/live?since=yesterday", {}, 400, id="no place in the stream"),
        pytest.param("/b/{slug}/live", {"Last-Event-ID": "x"}, 400, id="no place either"),
        pytest.param("/b/nobody/live", {}, 404, id="no tenant"),
        pytest.param("/api/tenants/{slug}/live", {}, 401, id="a stranger"),
    ],
)
def test_a_stream_that_cannot_begin_is_refused(serve, salon, path, headers, status):
    answer = serve(lambda client: client.simulate_get(path.format(slug=salon.slug), headers=headers), at(8))

    assert answer.status_code == status
