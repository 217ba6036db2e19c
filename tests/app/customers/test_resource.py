"""Staff find and correct customers; a person can see what is held, and have it erased."""

import pytest

from app.builders import at

pytestmark = pytest.mark.postgresql
ZOE = {"name": "Zoë Zimmer", "email": "zoe@example.org", "phone": "+49 151 2345"}
MAX = {"name": "Max Muster", "email": "max@example.net"}


@pytest.fixture
def zoe(ask, book):
    """A customer who booked one visit."""
    assert book(customer=ZOE).status_code == 201
    (found,) = ask("GET", "customers").json["items"]
    return found


@pytest.fixture
def past(admin, salon):
    """Let all visits of the salon be over."""

    def run():
        admin.execute(
            """
            update appointment
            set starts_at = starts_at - interval '30 days', ends_at = ends_at - interval '30 days',
                occupied_from = occupied_from - interval '30 days',
                occupied_until = occupied_until - interval '30 days',
                notes = 'allergic', special_requests = 'a quiet corner'
            where tenant_id = %s
            """,
            [salon.id],
        )

    return run


@pytest.mark.parametrize(
    ("words", "found"),
    [
        pytest.param("zim", ["Zoë Zimmer"], id="a beginning of the name"),
        pytest.param("zoe@example", ["Zoë Zimmer"], id="of the address"),
        pytest.param("example", ["Max Muster", "Zoë Zimmer"], id="newest first"),
        pytest.param("2345", ["Zoë Zimmer"], id="a number"),
        pytest.param("nobody", [], id="nobody"),
    ],
)
@pytest.mark.usefixtures("zoe")
def test_customers_are_found_by_what_is_known_of_them(ask, book, words, found):
    book(customer=MAX, starts_at=at(11).isoformat())

    assert [row["name"] for row in ask("GET", "customers", query={"search": words}).json["items"]] == found


def test_customers_come_page_by_page(ask, book, zoe):
    book(customer=MAX, starts_at=at(11).isoformat())

    first = ask("GET", "customers", query={"limit": 1}).json
    second = ask("GET", "customers", query={"limit": 1, "cursor": first["next"]}).json
    assert ([row["name"] for row in first["items"]], second["items"], second["next"]) == (["Max Muster"], [zoe], None)


def test_a_correction_keeps_the_rest(ask, zoe):
    path = f"customers/{zoe['id']}"
    corrected = ask("PATCH", path, {"phone": None, "notes": "prefers mornings"}, match=ask("GET", path).headers["ETag"])

    assert corrected.json == zoe | {"phone": None, "notes": "prefers mornings", "version": zoe["version"] + 1}


def test_an_address_is_of_one_customer(ask, book, zoe):
    book(customer=MAX, starts_at=at(11).isoformat())

    taken = ask("PATCH", f"customers/{zoe['id']}", {"email": "MAX@example.net"}, match="*")
    assert taken.json["type"] == "/problems/already-taken"


def test_an_export_has_everything(ask, zoe):
    held = ask("GET", f"customers/{zoe['id']}/export").json

    assert (held["customer"]["email"], len(held["appointments"])) == ("zoe@example.org", 1)
    assert "appointment.booked" in [entry["action"] for entry in held["audit"]]
    assert ask("GET", "audit", query={"subject": zoe["id"]}).json["items"][0]["action"] == "customer.exported"


def test_somebody_still_expected_is_not_erased(ask, zoe):
    refused = ask("POST", f"customers/{zoe['id']}/erase")

    assert (refused.status_code, refused.json["type"]) == (409, "/problems/visits-ahead")
    assert ask("GET", f"customers/{zoe['id']}").json == zoe


def test_after_an_erasure_nothing_tells_who_it_was(ask, admin, zoe, past):
    past()

    erased = ask("POST", f"customers/{zoe['id']}/erase")

    held = ask("GET", f"customers/{zoe['id']}/export").text
    assert (erased.status_code, erased.json["appointments"]) == (200, 1)
    assert [word for word in ("Zo", "zoe", "example", "2345", "allergic", "quiet") if word in held] == []
    told = admin.execute("select kind, payload from outbox where subject_id = %s", [zoe["id"]]).fetchall()
    assert told == [("customer.erased", {})]


def test_an_erased_customer_stays_so(ask, zoe, past):
    past()
    ask("POST", f"customers/{zoe['id']}/erase")

    changed = ask("PATCH", f"customers/{zoe['id']}", {"name": "Zoë again"}, match="*")

    assert (changed.status_code, ask("POST", f"customers/{zoe['id']}/erase").status_code) == (404, 200)


def test_the_same_address_is_a_new_customer_after_an_erasure(ask, book, zoe, past):
    past()
    ask("POST", f"customers/{zoe['id']}/erase")

    book(customer=ZOE)

    assert [row["email"] for row in ask("GET", "customers").json["items"]] == [
        "zoe@example.org",
        "erased@erased.invalid",
    ]


@pytest.mark.parametrize("path", ["export", "erase"])
def test_only_leaders_give_out_or_erase(ask, zoe, path):
    method = {"export": "GET", "erase": "POST"}[path]

    assert ask(method, f"customers/{zoe['id']}/{path}", role="staff").status_code == 403


def test_a_stranger_is_not_found(ask):
    assert ask("POST", f"customers/{'0' * 8}-0000-4000-8000-{'0' * 12}/erase").status_code == 404
