"""What staff see of appointments and do with them, over HTTP on a real PostgreSQL."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from app.builders import NOW, at, stamp

pytestmark = pytest.mark.postgresql

MONDAY = {"from": "2026-11-23", "to": "2026-11-23"}


@pytest.fixture
def act(serve, staff, salon):
    """Send one step of staff at a time after the start of the visit."""

    def run(path, json=None, *, now=NOW):
        headers = staff(salon, "staff", now=now)
        return serve(lambda client: client.simulate_post(f"{salon.address}/{path}", json=json, headers=headers), now)

    return run


def test_the_calendar_shows_who_comes_when(ask, salon, put_row):
    ids = [str(put_row(salon, at(hour))) for hour in (11, 9)]
    put_row(salon, at(9) + timedelta(days=1))

    answer = ask("GET", "calendar", query=MONDAY, role="read_only")

    assert [entry["id"] for entry in answer.json["items"]] == ids[::-1]
    assert {entry["customer_name"] for entry in answer.json["items"]} == {"Zoë Zimmer"}


def test_the_calendar_comes_page_by_page(ask, salon, put_row):
    ids = [str(put_row(salon, at(9, 30 * n))) for n in range(2)] + [str(put_row(salon, at(10)))]

    first = ask("GET", "calendar", query=MONDAY | {"limit": "2"}).json
    second = ask("GET", "calendar", query=MONDAY | {"limit": "2", "cursor": first["next"]}).json

    assert [entry["id"] for page in (first, second) for entry in page["items"]] == ids
    assert second["next"] is None


def test_the_dates_of_the_calendar_are_the_tenants(make_salon, serve, staff, put_row):
    salon = make_salon(time_zone="Pacific/Auckland")
    inside = str(put_row(salon, at(11, day=NOW.date()) + timedelta(days=2)))  # Monday 00:00 there
    put_row(salon, at(10, 30, day=NOW.date()) + timedelta(days=2))
    headers = staff(salon)

    answer = serve(lambda client: client.simulate_get(f"{salon.address}/calendar", params=MONDAY, headers=headers))

    assert [(entry["id"], entry["starts_at"]) for entry in answer.json["items"]] == [
        (inside, "2026-11-23T00:00:00+13:00")
    ]


def test_one_employees_calendar_has_what_they_accompany(make_salon, serve, staff, put_row):
    salon = make_salon(people=2)
    lead, other = salon.employee_ids
    visit_id = put_row(salon, employee_id=lead)
    put_row(salon, kind="companion", parent_id=visit_id, employee_id=other)
    put_row(salon, at(11), employee_id=lead)
    headers, query = staff(salon), MONDAY | {"employee": str(other)}

    answer = serve(lambda client: client.simulate_get(f"{salon.address}/calendar", params=query, headers=headers))

    assert [entry["id"] for entry in answer.json["items"]] == [str(visit_id)]


def test_a_customers_history_is_theirs_alone(ask, salon, put_row, see):
    visit_id = put_row(salon)
    put_row(salon, at(11))

    answer = ask("GET", f"customers/{see(visit_id, 'customer_id')}/appointments")

    assert [entry["id"] for entry in answer.json["items"]] == [str(visit_id)]


def test_a_change_needs_the_version_that_was_read(ask, salon, put_row):
    path = f"calendar/{put_row(salon)}"
    tag = ask("GET", path).headers["etag"]

    statuses = [
        ask("PATCH", path, {"notes": "n"}).status_code,
        ask("PATCH", path, {"notes": "n"}, match=tag).status_code,
        ask("PATCH", path, {"notes": "m"}, match=tag).status_code,
    ]

    assert statuses == [428, 200, 412]


def test_staff_move_note_and_override_in_one_change(ask, salon, put_row, admin):
    admin.execute("update tenant set min_notice_minutes = 43200 where id = %s", [salon.id])
    path = f"calendar/{put_row(salon)}"
    edit = {"notes": "by phone", "starts_at": at(11).isoformat()}

    strict = ask("PATCH", path, edit, match="*")
    override = ask("PATCH", path, edit | {"override_limits": True}, match="*")

    assert strict.json["type"] == "/problems/notice-too-short"
    assert (override.json["starts_at"], override.json["notes"]) == (stamp(at(11)), "by phone")


def test_staff_hand_a_visit_to_somebody_else(make_salon, serve, staff, put_row, see):
    salon = make_salon(people=2)
    visit_id = put_row(salon)
    headers = staff(salon) | {"If-Match": "*"}
    edit = {"employee": str(salon.employee_ids[1])}

    serve(lambda client: client.simulate_patch(f"{salon.address}/calendar/{visit_id}", json=edit, headers=headers))

    assert see(visit_id, "employee_id, starts_at") == (salon.employee_ids[1], at(10))


def test_a_fee_is_waived_afterwards(ask, salon, put_row, see):
    visit_id = put_row(salon, status="no_show", fee_minor=900)

    ask("PATCH", f"calendar/{visit_id}", {"waive_fee": True}, match="*")

    assert see(visit_id, "fee_minor") == 0


@pytest.mark.parametrize(
    ("step", "body", "before", "after"),
    [
        ("confirm", None, "pending", "confirmed"),
        ("cancel", {"reason": "ill"}, "confirmed", "cancelled"),
        ("complete", None, "confirmed", "completed"),
        ("no-show", {}, "confirmed", "no_show"),
    ],
)
def test_each_step_is_taken_once(act, salon, put_row, events, step, body, before, after):  # noqa: PLR0913, PLR0917  a row of the table
    visit_id = put_row(salon, status=before, expires_at=at(12))
    begun = at(10, 15)

    answer = act(f"calendar/{visit_id}/{step}", body, now=begun)

    assert (answer.status_code, answer.json["status"]) == (200, after)
    assert events(visit_id) == [f"appointment.{after}"]


@pytest.mark.parametrize("step", ["confirm", "complete", "no-show"])
def test_a_step_from_the_wrong_state_is_refused(act, salon, put_row, step):
    visit_id = put_row(salon, status="expired", expires_at=NOW)

    answer = act(f"calendar/{visit_id}/{step}", {}, now=at(10, 15))

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/appointment-ended")


def test_nobody_is_missed_before_the_start(act, salon, put_row):
    answer = act(f"calendar/{put_row(salon)}/no-show", {})

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/not-begun")


def test_staff_let_a_customer_off_the_fee(act, salon, put_row, admin):
    admin.execute("update tenant set cancel_until_minutes = 43200, cancel_fee_percent = 50 where id = %s", [salon.id])
    fees = [
        act(f"calendar/{put_row(salon, price_minor=1000)}/cancel", body).json["fee_minor"]
        for body in ({}, {"waive_fee": True})
    ]

    assert fees == [500, 0]


def test_staff_book_inside_the_notice_and_without_waiting_for_money(ask, salon, admin):
    admin.execute("update tenant set min_notice_minutes = 43200 where id = %s", [salon.id])
    admin.execute("update service set price_minor = 900, payment = 'full' where id = %s", [salon.service_id])

    strict = ask("POST", "calendar", salon.wish())
    override = ask("POST", "calendar", salon.wish(override_limits=True, notes="walked in"))

    assert strict.json["type"] == "/problems/notice-too-short"
    assert override.status_code == 201
    told = {name: override.json[name] for name in ("status", "source", "notes", "price_minor")}
    assert told == {"status": "confirmed", "source": "staff", "notes": "walked in", "price_minor": 900}


def test_staff_book_once_for_each_key(ask, salon, admin):
    first, again = (ask("POST", "calendar", salon.wish(), key="walked-in-once") for _ in range(2))

    assert (first.status_code, again.status_code, again.json) == (201, 201, first.json)
    assert admin.execute("select count(*) from appointment where tenant_id = %s", [salon.id]).fetchone() == (1,)


def test_of_16_members_of_staff_on_one_slot_one_books(serve, staff, salon):
    headers = staff(salon)

    async def race(client):
        requests = (
            client.simulate_post(
                f"{salon.address}/calendar", json=salon.wish(), headers=headers | {"Idempotency-Key": uuid4().hex}
            )
            for _ in range(16)
        )
        return await asyncio.gather(*requests)

    assert sorted(answer.status_code for answer in serve(race)) == [201] + [409] * 15


def test_the_audit_names_who_did_it(act, salon, put_row, admin):
    visit_id = put_row(salon)

    act(f"calendar/{visit_id}/cancel", {})

    found = admin.execute("select actor_kind, actor_id is not null from audit where subject_id = %s", [visit_id])
    assert found.fetchall() == [("account", True)]
