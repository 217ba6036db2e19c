"""Staff set up what is offered, by whom and when; the public lists and the slots show it."""

from uuid import uuid4

import pytest

from app.builders import at

pytestmark = pytest.mark.postgresql
COLOUR = {"name": "Colour", "duration_minutes": 60, "price_minor": 9000}


@pytest.fixture
def made(ask):
    """A new service, as its creation answered it."""
    return ask("POST", "catalog/services", COLOUR)


def path_of(answer, salon):
    return answer.headers["Location"].removeprefix(f"{salon.address}/")


def test_a_new_service_is_offered(ask, salon, made):
    offered = ask("GET", "services").json

    assert (made.status_code, made.json["id"] in [service["id"] for service in offered]) == (201, True)
    assert ask("GET", path_of(made, salon)).json == made.json


def test_a_repeated_creation_makes_one_row(ask):
    first = ask("POST", "catalog/services", COLOUR, key="the-same-key")
    second = ask("POST", "catalog/services", COLOUR, key="the-same-key")

    assert (first.json["id"], second.status_code) == (second.json["id"], 201)


def test_a_change_touches_only_what_it_names(ask, salon, made):
    changed = ask("PATCH", path_of(made, salon), {"price_minor": 9500}, match=made.headers["ETag"])

    assert changed.json == made.json | {
        "price_minor": 9500,
        "version": made.json["version"] + 1,
        "updated_at": changed.json["updated_at"],
    }
    assert changed.headers["ETag"] != made.headers["ETag"]


@pytest.mark.parametrize(
    ("match", "status"),
    [pytest.param({}, 428, id="no version named"), pytest.param({"match": '"77"'}, 412, id="another version")],
)
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_change_of_another_version_is_refused(ask, salon, made, method, match, status):
    assert ask(method, path_of(made, salon), {"price_minor": 1}, **match).status_code == status


def test_a_known_version_is_answered_304(serve, salon, staff, made):
    headers = staff(salon) | {"If-None-Match": made.headers["ETag"]}

    answer = serve(lambda client: client.simulate_get(made.headers["Location"], headers=headers))

    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"duration_minutes": 31}, id="off the grid of 5 minutes"),
        pytest.param({"deposit_minor": 9001}, id="deposit above the price"),
        pytest.param({"payment": "deposit"}, id="a deposit of nothing"),
        pytest.param({"capacity": 2, "assignment": "all"}, id="a group with several leaders"),
        pytest.param({"name": " "}, id="no name"),
        pytest.param({"description": "\0"}, id="what PostgreSQL cannot hold"),
        pytest.param({"colour": "red"}, id="unknown"),
    ],
)
def test_what_no_service_can_be_is_refused(ask, salon, made, change):
    refused = ask("PATCH", path_of(made, salon), change, match=made.headers["ETag"])

    assert (refused.status_code, refused.json["type"]) == (422, "/problems/body-invalid")


def test_an_unused_service_is_removed(ask, salon, made):
    gone = ask("DELETE", path_of(made, salon), match=made.headers["ETag"])

    assert (gone.status_code, ask("GET", path_of(made, salon)).status_code) == (204, 404)


def test_a_service_with_appointments_is_archived(ask, salon, book):
    book()
    path = f"catalog/services/{salon.service_id}"

    gone = ask("DELETE", path, match=ask("GET", path).headers["ETag"])

    assert (gone.status_code, ask("GET", path).json["active"], ask("GET", "services").json) == (204, False, [])


def test_lists_go_page_by_page(ask):
    for name in "BCDE":
        ask("POST", "catalog/services", COLOUR | {"name": name})
    first = ask("GET", "catalog/services", query={"limit": 3}).json
    second = ask("GET", "catalog/services", query={"limit": 3, "cursor": first["next"]}).json

    names = [[service["name"] for service in page["items"]] for page in (first, second)]
    assert (names, second["next"]) == ([["B", "C", "Cut"], ["D", "E"]], None)


@pytest.mark.parametrize(
    ("words", "found"),
    [("col", ["Colour"]), ("COLOUR", ["Colour"]), ("cut col", []), ("'; --", []), ("\0", ["Colour", "Cut"])],
)
@pytest.mark.parametrize("address", ["services", "catalog/services"])
def test_services_are_found_by_the_beginnings_of_words(ask, made, address, words, found):  # noqa: ARG001  made is one
    answer = ask("GET", address, query={"search": words}).json

    rows = answer if isinstance(answer, list) else answer["items"]
    assert [service["name"] for service in rows] == found


def test_the_public_list_has_a_tag_that_changes_with_it(ask, serve, salon):
    def tag():
        return serve(lambda client: client.simulate_get(f"{salon.address}/services")).headers["ETag"]

    before, again = tag(), tag()
    ask("POST", "catalog/services", COLOUR)

    assert (before == again, tag() == before) == (True, False)


def test_prices_are_replaced_under_the_services_version(ask, salon, made):
    path = f"{path_of(made, salon)}/prices"
    prices = [
        {"price_minor": 7000, "employee_id": str(salon.employee_ids[0]), "valid_from": None, "valid_until": None},
        {"price_minor": 8000, "employee_id": None, "valid_from": "2026-12-01", "valid_until": "2026-12-24"},
    ]

    replaced = ask("PUT", path, prices, match=made.headers["ETag"])

    assert (replaced.status_code, replaced.json, ask("GET", path).json) == (200, prices, prices)
    assert ask("PUT", path, [], match=made.headers["ETag"]).status_code == 412


def employee(salon):
    return f"catalog/employees/{salon.employee_ids[0]}"


def replace(ask, salon, what, rows):
    return ask("PUT", f"{employee(salon)}/{what}", rows, match=ask("GET", employee(salon)).headers["ETag"])


def test_a_new_employee_who_learns_the_service_and_has_hours_can_be_booked(ask, salon, book):
    new = ask("POST", "catalog/employees", {"name": "Cleo"})
    tag, path = new.headers["ETag"], path_of(new, salon)
    tag = ask("PUT", f"{path}/services", [{"service_id": str(salon.service_id)}], match=tag).headers["ETag"]
    ask("PUT", f"{path}/hours", [{"weekday": 1, "opens_minute": 900, "closes_minute": 960}], match=tag)

    booked = book(starts_at=at(15).isoformat())

    assert (booked.status_code, booked.json["appointment"]["employee"]) == (201, new.json["id"])


def test_a_week_is_replaced_whole(ask, salon, book):
    replaced = replace(ask, salon, "hours", [{"weekday": 1, "opens_minute": 780, "closes_minute": 840}])

    assert replaced.json == [{"opens_minute": 780, "closes_minute": 840, "weekday": 1}]
    assert [book().status_code, book(starts_at=at(13).isoformat()).status_code] == [422, 201]


@pytest.mark.parametrize(
    "spans",
    [
        pytest.param([(540, 720), (700, 800)], id="overlap"),
        pytest.param([(540, 540)], id="empty"),
        pytest.param([(720, 540)], id="ends before it begins"),
    ],
)
def test_hours_that_cannot_be_are_refused(ask, salon, spans):
    rows = [{"weekday": 1, "opens_minute": opens, "closes_minute": closes} for opens, closes in spans]

    assert replace(ask, salon, "hours", rows).json["type"] == "/problems/hours-overlap"


def test_a_date_without_hours_is_closed_until_it_is_removed(ask, salon, book):
    closed = replace(ask, salon, "exceptions/2026-11-23", [])
    refused = book()
    path = f"{employee(salon)}/exceptions/2026-11-23"
    removed = ask("DELETE", path, match=closed.headers["ETag"])

    assert [closed.json, refused.status_code] == [[{"opens_minute": 0, "closes_minute": 0}], 422]
    assert [removed.status_code, book().status_code] == [204, 201]


def test_dates_with_other_hours_are_listed(ask, salon):
    replace(ask, salon, "exceptions/2036-11-23", [{"opens_minute": 60, "closes_minute": 120}])

    (listed,) = ask("GET", f"{employee(salon)}/exceptions").json
    assert listed == {"on_date": "2036-11-23", "opens_minute": 60, "closes_minute": 120}


def test_a_date_that_is_none_leads_nowhere(ask, salon):
    assert ask("PUT", f"{employee(salon)}/exceptions/2026-02-30", [], match="*").status_code == 404


def test_time_off_can_be_moved_and_removed(ask, salon):
    off = {"starts_at": "2026-11-23T09:00:00Z", "ends_at": "2026-11-23T12:00:00Z"}
    made = ask("POST", "catalog/blocked-slots", off)
    path = path_of(made, salon)

    moved = ask("PATCH", path, {"ends_at": "2026-11-23T11:00:00Z"}, match=made.headers["ETag"])
    removed = ask("DELETE", path, match=moved.headers["ETag"])

    assert [made.status_code, moved.json["ends_at"], removed.status_code] == [201, "2026-11-23T11:00:00Z", 204]


def test_time_off_of_nobody_is_refused(ask):
    off = {"starts_at": "2026-11-23T09:00:00Z", "ends_at": "2026-11-23T12:00:00Z", "employee_id": str(uuid4())}

    assert ask("POST", "catalog/blocked-slots", off).json["type"] == "/problems/reference-unknown"


def test_changes_are_audited_and_told(ask, admin, salon, made):
    ask("PATCH", path_of(made, salon), {"price_minor": 9500}, match=made.headers["ETag"])

    audited = admin.execute(
        "select action, actor_kind, detail from audit where subject_id = %s order by position", [made.json["id"]]
    ).fetchall()
    told = admin.execute("select kind, payload from outbox where subject_id = %s", [made.json["id"]]).fetchall()
    assert audited == [
        ("service.created", "account", {}),
        ("service.changed", "account", {"fields": ["price_minor"]}),
    ]
    assert told == [("catalog.changed", {"thing": "service"})] * 2


def test_staff_may_look_and_not_change(ask, made):  # noqa: ARG001  something to look at
    looked = ask("GET", "catalog/services", role="staff")
    refused = ask("POST", "catalog/services", COLOUR, role="staff")

    assert (looked.status_code, refused.status_code) == (200, 403)
