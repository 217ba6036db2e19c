"""A person's way through the pages, without JavaScript."""

import re
from urllib.parse import urlencode, urlsplit

import pytest

from app.builders import MONDAY, at
from app.conftest import post

pytestmark = pytest.mark.postgresql
HTML = {"Accept": "text/html"}
FORM = HTML | {"Content-Type": "application/x-www-form-urlencoded"}


def form(**changes):
    fields = {"at": at(10).isoformat(), "employee": "", "key": "page-key-1", "name": "Zoë", "email": "z@example.org"}
    return urlencode(fields | changes)


async def send(client, salon, **changes):
    return await client.simulate_post(f"/b/{salon.slug}/{salon.service_id}/book", body=form(**changes), headers=FORM)


def test_the_way_from_a_service_to_an_appointment_and_back(serve, salon):
    async def walk(client):
        services = (await client.simulate_get(f"/b/{salon.slug}")).text
        times_at = re.search(r'<li><a href="(/b/[^"]+)"', services)[1]
        times = (await client.simulate_get(times_at, params={"from": str(MONDAY)})).text
        details_at, query = re.search(r'href="([^"]+/book)\?([^"]+)"', times).groups()
        details = (await client.simulate_get(details_at, query_string=query.replace("&amp;", "&"))).text
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', details))
        sent = await client.simulate_post(details_at, body=form(**hidden), headers=FORM)
        booked = (await client.simulate_get(sent.headers["location"])).text
        cancel_at = f"{sent.headers['location']}/cancel"
        asked = (await client.simulate_get(cancel_at)).text
        assert "Cancelling now costs nothing." in asked
        cancelled = await client.simulate_post(cancel_at, body="fee=0", headers=FORM)
        return sent.status_code, booked, (await client.simulate_get(cancelled.headers["location"])).text

    status, booked, cancelled = serve(walk)

    assert status == 303
    assert "Your appointment is booked" in booked
    assert "Monday 23 November 2026, 09:00" in booked
    assert "Your appointment is cancelled" in cancelled


@pytest.mark.parametrize("page", ["", "/cancel", "/move"])
def test_who_only_reads_waits_for_nobody(serve, salon, database, page):
    async def look(client):
        booked = (await post(client, salon)).json
        with database.connect() as other, other.transaction():
            other.execute("select 1 from appointment where id = %s for update", [booked["appointment"]["id"]])
            return await client.simulate_get(urlsplit(booked["manage_url"]).path + page)

    assert serve(look).status_code == 200


def test_a_form_sent_twice_leads_to_one_appointment(serve, salon):
    async def twice(client):
        return [(await send(client, salon)).headers["location"] for _ in range(2)]

    first, second = serve(twice)

    assert first == second


def test_a_taken_time_is_answered_with_others(serve, salon):
    async def late(client):
        await post(client, salon)
        return await send(client, salon)

    answer = serve(late)

    assert (answer.status_code, "That time has just been taken" in answer.text) == (409, True)
    assert "10:30" in answer.text


@pytest.mark.parametrize("field", ["name", "email", "phone"])
def test_a_field_to_correct_is_pointed_at_and_the_rest_kept(serve, salon, field):
    answer = serve(lambda client: send(client, salon, **{"phone": "030 1234", field: "@"[: field != "name"]}))

    assert answer.status_code == 422
    assert f'aria-describedby="{field}-help"' in answer.text
    assert f'value="{at(10).isoformat()}"' in answer.text


def test_what_a_person_typed_is_escaped(serve, salon):
    answer = serve(lambda client: send(client, salon, name='"><script>', email="none"))

    assert "<script>" not in answer.text


def test_a_week_without_times_names_the_next(serve, salon, admin):
    admin.execute("update availability_rule set weekday = 1 where tenant_id = %s", [salon.id])
    page = f"/b/{salon.slug}/{salon.service_id}"

    answer = serve(lambda client: client.simulate_get(page, params={"from": "2026-11-24"}))
    gone = serve(lambda client: client.simulate_get(page, params={"from": "2026-11-24"}), at(13, day=MONDAY))

    assert "Monday" in answer.text
    assert gone.status_code == 200


def test_the_front_page_lists_the_businesses(serve, salon, admin):
    admin.execute("update tenant set name = ' first' where id = %s", [salon.id])  # it shows a hundred, by name

    answer = serve(lambda client: client.simulate_get("/"))

    assert f'href="/b/{salon.slug}"' in answer.text


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        pytest.param("0001-01-01T00:00:00+23:59", 422, id="begin of time"),
        pytest.param("9999-12-31T23:59:59-23:59", 422, id="end of time"),
        pytest.param("tomorrow", 400, id="no time"),
    ],
)
def test_no_form_for_a_time_that_cannot_be_booked(serve, salon, moment, status):
    page = f"/b/{salon.slug}/{salon.service_id}/book"

    answer = serve(lambda client: client.simulate_get(page, params={"at": moment}, headers=HTML))

    assert (answer.status_code, "<h1>" in answer.text) == (status, True)


async def booked_page(client, salon):
    return (await send(client, salon)).headers["location"]


def test_a_fee_that_was_not_shown_is_not_taken(serve, salon, admin):
    async def late(client):
        page = await booked_page(client, salon)
        admin.execute(
            "update tenant set cancel_until_minutes = 43200, cancel_fee_percent = 50 where id = %s", [salon.id]
        )
        admin.execute("update appointment set price_minor = 4000 where tenant_id = %s", [salon.id])
        asked = await client.simulate_post(f"{page}/cancel", body="fee=0", headers=FORM)
        done = await client.simulate_post(f"{page}/cancel", body="fee=2000", headers=FORM)
        return asked, done, (await client.simulate_get(page)).text

    asked, done, page = serve(late)

    assert (asked.status_code, done.status_code) == (409, 303)
    assert "Cancelling now costs 20.00 EUR." in asked.text
    assert "fee 20.00 EUR" in page


def test_the_way_to_another_time(serve, salon):
    async def move(client):
        page = await booked_page(client, salon)
        times = (await client.simulate_get(f"{page}/move", params={"from": str(MONDAY)})).text
        asked = (await client.simulate_get(f"{page}/move", params={"at": at(11).isoformat()})).text
        sent = await client.simulate_post(
            f"{page}/move", body=urlencode({"at": at(11).isoformat(), "employee": ""}), headers=FORM
        )
        return times, asked, (await client.simulate_get(sent.headers["location"])).text

    times, asked, page = serve(move)

    assert f"at={at(10).isoformat().replace(':', '%3A').replace('+', '%2B')}" in times  # its own time is free for it
    assert "11:00" in asked
    assert "Monday 23 November 2026, 11:00" in page


def test_a_move_to_a_time_that_was_taken_shows_others(serve, salon):
    async def late(client):
        page = await booked_page(client, salon)
        await post(client, salon, starts_at=at(11).isoformat())
        body = urlencode({"at": at(11).isoformat(), "employee": ""})
        return await client.simulate_post(f"{page}/move", body=body, headers=FORM)

    answer = serve(late)

    assert (answer.status_code, "That time has just been taken" in answer.text) == (409, True)


@pytest.mark.parametrize("page", ["", "/cancel", "/move", "/appointment.ics"])
def test_nobody_sees_an_appointment_without_its_link(serve, salon, page):
    async def guess(client):
        own = await booked_page(client, salon)
        return await client.simulate_get(f"{own[:-1]}{'a' if own[-1] != 'a' else 'b'}{page}", headers=HTML)

    assert serve(guess).status_code == 404


def test_an_appointment_goes_into_a_calendar(serve, salon):
    async def download(client):
        return await client.simulate_get(f"{await booked_page(client, salon)}/appointment.ics")

    answer = serve(download)

    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "DTSTART;TZID=UTC:20261123T100000" in answer.text


def test_what_must_be_paid_is_said_with_the_way_to_pay(serve, salon, admin):
    admin.execute(
        "update service set price_minor = 4000, payment = 'deposit', deposit_minor = 1000 where tenant_id = %s",
        [salon.id],
    )

    async def unpaid(client):
        page = await booked_page(client, salon)
        return page, (await client.simulate_get(page)).text

    address, page = serve(unpaid)

    assert f'action="{address}/pay"' in page
    assert "Pay 10.00 EUR" in page


def test_times_are_shown_in_the_readers_zone(serve, salon):
    page = f"/b/{salon.slug}/{salon.service_id}"
    wanted = {"from": str(MONDAY), "zone": "Asia/Kolkata"}

    text = serve(lambda client: client.simulate_get(page, params=wanted)).text

    assert ">14:30</time>" in text  # 09:00 in UTC
    assert ">09:00</time>" not in text


def test_an_unknown_zone_is_said_and_the_tenants_shown(serve, salon):
    page = f"/b/{salon.slug}/{salon.service_id}"

    text = serve(lambda client: client.simulate_get(page, params={"from": str(MONDAY), "zone": "../etc/passwd"})).text

    assert "There is no time zone of that name" in text
    assert ">09:00</time>" in text


def test_a_page_says_why_nothing_is_free(serve, salon, admin):
    admin.execute("delete from availability_rule where tenant_id = %s", [salon.id])

    text = serve(lambda client: client.simulate_get(f"/b/{salon.slug}/{salon.service_id}")).text

    assert "Closed on 7 days." in text


def test_the_page_speaks_the_readers_language(serve, salon):
    german = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.8"}

    answer = serve(lambda client: client.simulate_get(f"/b/{salon.slug}", headers=german))

    assert "<h1>Leistung wählen</h1>" in answer.text
    assert '<html lang="de">' in answer.text
