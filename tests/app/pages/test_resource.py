"""A person's way through the pages, without JavaScript."""

import re
from urllib.parse import urlencode

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
        cancelled = await client.simulate_post(sent.headers["location"])
        return sent.status_code, booked, (await client.simulate_get(cancelled.headers["location"])).text

    status, booked, cancelled = serve(walk)

    assert status == 303
    assert "Your appointment is booked" in booked
    assert "Monday 23 November 2026, 09:00" in booked
    assert "Your appointment is cancelled" in cancelled


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


def test_the_front_page_lists_the_businesses(serve, salon):
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
