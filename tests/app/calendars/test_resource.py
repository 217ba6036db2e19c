"""The addresses of calendars, as staff and calendar programs use them."""

import asyncio
import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import icalendar
import pytest
from boka_app.calendars.jobs import sync_calendar
from boka_app.main import create_app
from boka_app.worker.process import make_work
from falcon import testing

from app.builders import NOW
from app.conftest import settings
from app.jobs import make_parts
from standins.server import Fault

pytestmark = pytest.mark.postgresql
FEED = {"url": "https://calendar.example.org/private.ics"}
FAST_S = 2.0  # a slots list takes 10 ms; the rest is room for a busy machine


def wish(salon):
    return FEED | {"employee": str(salon.employee_ids[0])}


# Connections


def test_a_feed_is_connected_and_its_address_told_nobody(ask, salon):
    made = ask("POST", "calendars", wish(salon))

    assert (made.status_code, made.json["status"], made.json["provider"]) == (201, "connecting", "ics")
    assert "calendar.example.org" not in ask("GET", "calendars").text


def test_connecting_twice_with_one_key_connects_once(ask, salon):
    first = ask("POST", "calendars", wish(salon), key="k" * 8)
    second = ask("POST", "calendars", wish(salon), key="k" * 8)

    assert first.json["id"] == second.json["id"]
    assert len(ask("GET", "calendars").json) == 1


def test_an_unknown_employee_is_refused(ask):
    answer = ask("POST", "calendars", FEED | {"employee": str(uuid4())})

    assert (answer.status_code, answer.json["type"]) == (422, "/problems/employee-unknown")


def test_read_only_staff_connect_nothing(ask, salon):
    assert ask("POST", "calendars", wish(salon), role="read_only").status_code == 403


def test_disconnecting_needs_the_version_and_frees_the_times_at_once(ask, salon, admin):
    made = ask("POST", "calendars", wish(salon)).json
    admin.execute(
        "insert into external_busy values (%s, %s, 'a', %s, now(), now() + interval '1 hour')",
        [salon.id, made["id"], salon.employee_ids[0]],
    )
    address = f"calendars/{made['id']}"

    unsaid = ask("DELETE", address)
    done = ask("DELETE", address, match=ask("GET", address).headers["ETag"])

    assert (unsaid.status_code, done.status_code) == (428, 204)
    assert ask("GET", address).json["type"] == "/problems/calendar-unknown"
    assert admin.execute("select count(*) from external_busy where tenant_id = %s", [salon.id]).fetchone() == (0,)
    employee = salon.employee_ids[0]
    assert admin.execute("select calendar_version from employee where id = %s", [employee]).fetchone() == (1,)


def test_a_calendar_can_be_synchronised_now(ask, salon, admin):
    made = ask("POST", "calendars", wish(salon)).json

    assert ask("POST", f"calendars/{made['id']}/sync").status_code == 202
    jobs = "select count(*) from procrastinate_jobs where args ->> 'subject_id' = %s"
    assert admin.execute(jobs, [made["id"]]).fetchone() == (1,)


# Consent


def converse(account, staff, talk):
    """Let somebody of the salon talk to a service that knows the account's provider."""
    parts = make_parts(account.database, **account.settings)
    headers = staff(account.salon)

    async def whole():
        app = create_app(settings(**account.settings), pool=parts.pool, now=lambda: NOW)
        async with testing.ASGIConductor(app) as client:
            return await talk(client, headers)

    return asyncio.run(whole())


async def begin(client, account, headers):
    wanted = {
        "provider": account.remote.name,
        "employee": str(account.salon.employee_ids[0]),
        "writes_events": True,
    }
    return await client.simulate_post(f"{account.salon.address}/calendars/oauth", json=wanted, headers=headers)


async def agree(client, account, headers):
    page = await begin(client, account, headers)
    async with httpx.AsyncClient() as browser:
        back = (await browser.get(page.json["authorize_url"])).headers["Location"]
    return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}


def test_an_account_that_agrees_is_connected(account, staff):
    async def talk(client, headers):
        answer = await agree(client, account, headers)
        return await client.simulate_get(
            f"/api/calendars/oauth/{account.remote.name}/finish", params=answer, headers=headers
        )

    finished = converse(account, staff, talk)
    account.id = account.admin.execute(
        "select id from calendar_connection where tenant_id = %s", [account.salon.id]
    ).fetchone()[0]
    account.work()

    assert (finished.status_code, finished.headers["Location"]) == (303, "/staff")
    assert account.row("status", "writes_events", "provider") == ("connected", True, account.remote.name)


def test_a_consent_counts_once(account, staff):
    async def talk(client, headers):
        answer = await agree(client, account, headers)
        address = f"/api/calendars/oauth/{account.remote.name}/finish"
        return [await client.simulate_get(address, params=answer, headers=headers) for _ in range(2)]

    first, second = converse(account, staff, talk)

    assert (first.status_code, second.status_code) == (303, 403)


def test_a_consent_counts_for_the_session_that_asked(account, staff):
    async def talk(client, headers):
        answer = await agree(client, account, headers)
        other = staff(account.salon)
        address = f"/api/calendars/oauth/{account.remote.name}/finish"
        return [await client.simulate_get(address, params=answer, headers=each) for each in (other, headers, {})]

    assert [answer.status_code for answer in converse(account, staff, talk)] == [403, 303, 401]


@pytest.mark.parametrize("state", ["", "x", "A" * 64])
def test_a_state_that_nobody_gave_out_is_refused(account, staff, state):
    async def talk(client, headers):
        address = f"/api/calendars/oauth/{account.remote.name}/finish"
        return await client.simulate_get(address, params={"state": state, "code": "c"}, headers=headers)

    assert converse(account, staff, talk).status_code in (400, 403)


def test_the_answer_is_led_on_from_a_page_of_ours(serve):
    page = serve(
        lambda client: client.simulate_get("/api/calendars/oauth/google", params={"code": '"><x', "state": "s"})
    )

    assert 'content="0; url=/api/calendars/oauth/google/finish?state=s&amp;code=%22%3E%3Cx&amp;error="' in page.text


def test_a_provider_without_registration_is_not_offered(ask, salon):
    answer = ask("POST", "calendars/oauth", {"provider": "google", "employee": str(salon.employee_ids[0])})

    assert (answer.status_code, answer.json["type"]) == (422, "/problems/provider-missing")


# Feeds of ours


def read(serve, url, **headers):
    return serve(lambda client: client.simulate_get(urlsplit(url).path, headers=headers))


def test_the_feed_of_an_employee_shows_the_visits(ask, serve, salon, book):
    booked = book().json["appointment"]["id"]

    link = ask("POST", f"feeds/{salon.employee_ids[0]}").json["url"]
    answer = read(serve, link)

    (event,) = icalendar.Calendar.from_ical(answer.content).events
    assert (event["UID"], event["SUMMARY"]) == (f"{booked}@boka.test", "Cut · Zoë Zimmer")
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"


def test_a_feed_that_did_not_change_is_answered_304(ask, serve, salon, book):
    book()
    link = ask("POST", f"feeds/{salon.employee_ids[0]}").json["url"]
    tag = read(serve, link).headers["ETag"]

    assert read(serve, link, **{"If-None-Match": tag}).status_code == 304


def test_the_feed_of_an_appointment_follows_its_cancellation(ask, serve, salon, book):
    booked = book().json
    link = ask("POST", f"feeds/{booked['appointment']['id']}").json["url"]
    address = f"{salon.address}/appointments/{booked['appointment']['id']}"
    token = {"Authorization": f"Bearer {booked['token']}"}

    serve(lambda client: client.simulate_delete(address, headers=token))

    (event,) = icalendar.Calendar.from_ical(read(serve, link).content).events
    assert (event["STATUS"], event["SUMMARY"]) == ("CANCELLED", "Cut")


def test_a_link_taken_back_leads_nowhere_and_a_new_one_does(ask, serve, salon):
    address = f"feeds/{salon.employee_ids[0]}"
    link = ask("POST", address).json["url"]

    ask("DELETE", address)

    assert read(serve, link).json["type"] == "/problems/feed-unknown"
    assert read(serve, ask("POST", address).json["url"]).status_code == 200


def test_a_link_counts_at_its_own_tenant(ask, serve, salon, make_salon):
    link = ask("POST", f"feeds/{salon.employee_ids[0]}").json["url"]

    assert read(serve, link.replace(salon.slug, make_salon().slug)).status_code == 404


@pytest.mark.parametrize("token", ["x", "A" * 48, "é"])
def test_a_link_that_nobody_gave_out_leads_nowhere(serve, salon, token):
    assert serve(lambda client: client.simulate_get(f"{salon.address}/feeds/{token}.ics")).status_code == 404


# The other side is slow


def test_availability_and_booking_wait_for_no_calendar(account, staff):
    account.connect(writes=True).sync()
    account.remote.faults.append(Fault(path="/", delay_s=40))
    account.remote.put("event1", NOW, NOW + timedelta(hours=1))
    parts = make_parts(account.database, **account.settings)
    slots = f"{account.salon.address}/slots?service={account.salon.service_id}&from=2026-11-23&to=2026-11-29"

    async def talk(client, _headers):
        async with make_work(parts) as work:
            job = asyncio.create_task(sync_calendar(work, account.salon.id, account.id))
            while not account.remote.recorded or account.remote.recorded[-1].path == "/authorize":
                await asyncio.sleep(0.01)  # until the other side has the request
            began = time.perf_counter()
            listed = await client.simulate_get(slots)
            booked = await client.simulate_post(
                f"{account.salon.address}/appointments",
                json=account.salon.wish(),
                headers={"Idempotency-Key": uuid4().hex},
            )
            took = time.perf_counter() - began
            waiting = not job.done()
            job.cancel()
            return listed.status_code, booked.status_code, waiting, took

    account.remote.recorded.clear()
    *answers, took = converse(account, staff, talk)

    assert answers == [200, 201, True]
    assert took < FAST_S
