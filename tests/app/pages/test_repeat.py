"""Visits every week from the form of one, without JavaScript."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from app.builders import at
from app.conftest import post
from app.pages.test_resource import FORM, HTML

pytestmark = pytest.mark.postgresql
WEEK = timedelta(days=7)


async def send(client, salon, **changes):
    fields = {"at": at(10).isoformat(), "employee": "", "key": "page-key-1", "name": "Zoë", "email": "z@example.org"}
    body = urlencode(fields | {"visits": "4"} | changes)
    return await client.simulate_post(f"/b/{salon.slug}/{salon.service_id}/series", body=body, headers=FORM)


def booked(admin, salon):
    found = "select starts_at from appointment where tenant_id = %s and status = 'confirmed' order by 1"
    return [start for (start,) in admin.execute(found, [salon.id])]


def test_all_visits_are_booked_and_each_leads_to_its_page(serve, salon, admin):
    async def walk(client):
        page = await client.simulate_get((await send(client, salon)).headers["location"])
        links = re.findall(r'href="(/b/[^"]+/appointments/[^"]+)"', page.text)
        return page.text, [(await client.simulate_get(link)).status_code for link in links]

    page, visits = serve(walk)

    assert "Your appointments are booked" in page
    assert "Monday 14 December 2026, 10:00" in page
    assert visits == [200] * 4
    assert booked(admin, salon) == [at(10) + n * WEEK for n in range(4)]


def test_if_one_cannot_be_had_none_is_booked_and_the_others_are_offered(serve, salon, admin):
    async def walk(client):
        await post(client, salon, starts_at=(at(10) + 2 * WEEK).isoformat())
        refused = await send(client, salon)
        before = booked(admin, salon)
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', refused.text))
        taken = await client.simulate_post(
            f"/b/{salon.slug}/{salon.service_id}/series", body=urlencode(hidden), headers=FORM
        )
        return refused, before, taken.status_code

    refused, before, taken = serve(walk)

    assert refused.status_code == 409
    assert "Monday 7 December 2026, 10:00" in refused.text
    assert f"/b/{salon.slug}/{salon.service_id}?from=2026-12-07" in refused.text
    assert "Book the free ones (3)" in refused.text
    assert before == [at(10) + 2 * WEEK]
    assert taken == 303
    assert booked(admin, salon) == [at(10) + n * WEEK for n in range(4)]


def test_the_time_that_was_kept_for_the_first_visit_is_no_obstacle(serve, salon, admin):
    async def walk(client):
        wish = {"service": str(salon.service_id), "starts_at": at(10).isoformat()}
        held = (await client.simulate_post(f"{salon.address}/holds", json=wish)).json
        return await send(client, salon, hold=held["hold"]["id"], hold_token=held["token"])

    assert serve(walk).status_code == 303
    assert len(booked(admin, salon)) == 4


@pytest.mark.parametrize(
    ("changes", "status", "told"),
    [
        pytest.param({"email": "z@example"}, 422, "An e-mail address looks like name@example.org.", id="a mistake"),
        pytest.param({"visits": "x"}, 422, "", id="not ours"),
        pytest.param({"at": at(13).isoformat()}, 409, "Nothing was booked.", id="nothing to be had"),
    ],
)
def test_what_cannot_be_booked_is_said(serve, salon, changes, status, told):
    answer = serve(lambda client: send(client, salon, **changes))

    assert answer.status_code == status
    assert told in answer.text


@pytest.mark.parametrize(("payment", "offered"), [("none", True), ("full", False)])
def test_what_must_be_paid_before_is_not_repeated(serve, salon, admin, payment, offered):
    admin.execute("update service set payment = %s, price_minor = 100 where tenant_id = %s", [payment, salon.id])
    query = {"at": at(10).isoformat()}
    page = f"/b/{salon.slug}/{salon.service_id}/book"

    answer = serve(lambda client: client.simulate_get(page, params=query, headers=HTML))

    assert ("Repeat every week" in answer.text) is offered
