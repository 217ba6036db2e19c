"""A person's way onto the waitlist and to what it offers."""

from urllib.parse import urlencode

import pytest

from app.builders import MONDAY
from app.pages.test_resource import FORM

pytestmark = pytest.mark.postgresql


def form(**changes):
    who = {"name": "Zoë", "email": "z@example.org", "phone": ""}
    return urlencode({"key": "a-waiting-key", "from": str(MONDAY), "to": str(MONDAY), "employee": ""} | who | changes)


async def join(client, salon, **changes):
    page = f"/b/{salon.slug}/{salon.service_id}/waitlist"
    return await client.simulate_post(page, body=form(**changes), headers=FORM)


def test_the_way_onto_the_list_and_off_it(serve, salon):
    async def walk(client):
        asked = (await client.simulate_get(f"/b/{salon.slug}/{salon.service_id}/waitlist?from={MONDAY}")).text
        place = (await join(client, salon)).headers["location"]
        waiting = (await client.simulate_get(place)).text
        left = await client.simulate_post(place, headers=FORM)
        return asked, waiting, (await client.simulate_get(left.headers["location"])).text

    asked, waiting, left = serve(walk)

    assert f'value="{MONDAY}"' in asked
    assert "You are on the waitlist" in waiting
    assert waiting.count("Monday 23 November") == 2
    assert "You left the waitlist" in left


def test_a_page_without_a_free_time_leads_to_the_list(serve, salon, admin):
    admin.execute("delete from availability_rule where tenant_id = %s", [salon.id])

    text = serve(lambda client: client.simulate_get(f"/b/{salon.slug}/{salon.service_id}")).text

    assert f'href="/b/{salon.slug}/{salon.service_id}/waitlist?from=2026-11-20' in text


def test_a_field_to_correct_is_pointed_at(serve, salon):
    answer = serve(lambda client: join(client, salon, email="nobody"))

    assert answer.status_code == 422
    assert 'aria-describedby="email-help"' in answer.text


def test_an_offer_is_taken_with_one_click(serve, salon, admin):
    async def offered(client):
        place = (await join(client, salon)).headers["location"]
        booked = await client.simulate_post(f"/b/{salon.slug}/{salon.service_id}/book", body=booking(), headers=FORM)
        own = booked.headers["location"]
        _turn_into_offer(admin, salon, own.split("/")[4])
        shown = (await client.simulate_get(own)).text
        taken = await client.simulate_post(f"{own}/accept", headers=FORM)
        return (
            shown,
            (await client.simulate_get(taken.headers["location"])).text,
            (await client.simulate_get(place)).text,
        )

    shown, taken, place = serve(offered)

    assert "This time is kept for you" in shown
    assert "Your appointment is booked" in taken
    assert "Your appointment is booked" in place


def booking():
    who = {"name": "Zoë", "email": "z@example.org"}
    return urlencode({"at": f"{MONDAY}T10:00:00+00:00", "key": "a-booking-key"} | who)


def _turn_into_offer(admin, salon, appointment_id):
    """Make of a booking what the waitlist makes of a freed start."""
    admin.execute(
        "update appointment set status = 'held', expires_at = starts_at where tenant_id = %s and id = %s",
        [salon.id, appointment_id],
    )
    admin.execute(
        """
        update waitlist_entry
        set status = 'offered', offered_at = now(), offer_until = latest, appointment_id = %s
        where tenant_id = %s
        """,
        [appointment_id, salon.id],
    )


def test_what_was_not_offered_cannot_be_taken(serve, salon):
    async def take(client):
        booked = await client.simulate_post(f"/b/{salon.slug}/{salon.service_id}/book", body=booking(), headers=FORM)
        return await client.simulate_post(f"{booked.headers['location']}/accept", headers=FORM)

    assert serve(take).status_code == 409
