"""Staff's pages as a browser sends for them: a cookie, forms, and an Origin that tells whose page sent a form."""

import re
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from argon2 import PasswordHasher
from boka_app.identity.invitations import issue

from app.builders import MONDAY, NOW
from app.conftest import post

pytestmark = pytest.mark.postgresql
PASSWORD = "Hafen-Regen-17-Kutter"
HASH = PasswordHasher().hash(PASSWORD)
FORM = {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded", "Origin": "https://boka.test"}


@pytest.fixture
def hire(admin, salon):
    """Make somebody who works at the salon, as what is told."""

    def make(role="staff"):
        person = SimpleNamespace(id=uuid4())
        person.email = f"{person.id.hex}@example.org"
        admin.execute(
            "insert into account (id, email, name, password_hash) values (%s, %s, 'Ada', %s)",
            [person.id, person.email, HASH],
        )
        admin.execute("insert into membership values (%s, %s, %s)", [salon.id, person.id, role])
        return person

    return make


async def log_in(client, person, *, password=PASSWORD, headers=None, **fields):
    body = urlencode({"email": person.email, "password": password} | fields)
    return await client.simulate_post("/staff/login", body=body, headers=FORM | (headers or {}))


async def logged_in(client, person):
    """Return the headers of a browser in which the person has logged in."""
    cookie = (await log_in(client, person)).cookies["__Host-boka"]
    return FORM | {"Cookie": f"__Host-boka={cookie.value}"}


def test_the_cookie_is_for_this_host_over_https_and_out_of_scripts_reach(serve, hire):
    answer = serve(lambda client: log_in(client, hire(), next="/staff/salon"))

    cookie = answer.cookies["__Host-boka"]
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/salon")
    assert (cookie.secure, cookie.http_only, cookie.same_site, cookie.path) == (True, True, "Strict", "/")
    assert cookie.domain is None


def test_a_wrong_password_is_said_and_the_address_kept(serve, hire):
    person = hire()

    answer = serve(lambda client: log_in(client, person, password="wrong"))

    assert answer.status_code == 422
    assert f'value="{person.email}"' in answer.text
    assert "wrong" in answer.text
    assert not answer.cookies


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_another_site_logs_nobody_in(serve, hire, headers):
    assert serve(lambda client: log_in(client, hire(), headers=headers)).status_code == 403


def test_whoever_is_not_logged_in_is_led_to_the_log_in(serve, salon):
    page = f"/staff/{salon.slug}"

    answer = serve(lambda client: client.simulate_get(page, headers={"Accept": "text/html"}))

    assert (answer.status_code, answer.headers["location"]) == (303, f"/staff/login?next={page}")


def test_the_only_business_opens_at_once(serve, salon, hire):
    async def talk(client):
        return await client.simulate_get("/staff", headers=await logged_in(client, hire()))

    assert serve(talk).headers["location"] == f"/staff/{salon.slug}"


def test_after_the_log_out_the_cookie_is_worth_nothing(serve, salon, hire):
    async def talk(client):
        headers = await logged_in(client, hire())
        await client.simulate_post("/staff/logout", headers=headers)
        return await client.simulate_get(f"/staff/{salon.slug}", headers=headers)

    assert serve(talk).status_code == 303


@pytest.mark.parametrize("view", ["", "week"])
def test_the_calendar_shows_who_comes_when(serve, salon, hire, view):
    async def talk(client):
        await post(client, salon)
        page = f"/staff/{salon.slug}?date={MONDAY}&view={view}"
        return (await client.simulate_get(page, headers=await logged_in(client, hire()))).text

    text = serve(talk)

    assert "Zoë Zimmer" in text
    assert ">10:00</time>" in text


def test_somebody_elses_business_is_closed(serve, make_salon, hire):
    other = make_salon()

    async def talk(client):
        return await client.simulate_get(f"/staff/{other.slug}", headers=await logged_in(client, hire()))

    assert serve(talk).status_code == 403


def test_the_figures_are_drawn_on_the_server(serve, salon, hire):
    async def talk(client):
        await post(client, salon)
        page = f"/staff/{salon.slug}/dashboard?from={MONDAY}&to={MONDAY + timedelta(days=6)}"
        return (await client.simulate_get(page, headers=await logged_in(client, hire("read_only")))).text

    text = serve(talk)

    assert text.count("<svg") == 5
    assert "23 Nov: 1" in text


class Desk:
    """An appointment at 10:00 on Monday, and staff who send forms of its page."""

    def __init__(self, serve, salon, hire):
        self._serve, self._salon, self._hire = serve, salon, hire

    def send(self, *forms, now=NOW, role="staff", headers=None):
        """Send the forms one after the other; return the last answer and the page after it."""

        async def talk(client):
            booked = (await post(client, self._salon)).json["appointment"]
            page, browser = f"/staff/{self._salon.slug}/appointments/{booked['id']}", self._hire(role)
            browser = await logged_in(client, browser) | (headers or {})
            for form in forms:
                shown = (await client.simulate_get(page, headers=browser)).text
                version = re.search(r'name="version" value="(\d+)"', shown)
                sent = {"version": version[1] if version else ""} | form
                answer = await client.simulate_post(page, body=urlencode(sent), headers=browser)
            return answer, (await client.simulate_get(page, headers=browser)).text

        return self._serve(talk, now)


@pytest.fixture
def desk(serve, salon, hire):
    return Desk(serve, salon, hire)


def test_staff_cancel_with_a_reason(desk):
    answer, page = desk.send({"do": "cancel", "reason": "Ada is ill", "waive": "yes"})

    assert answer.status_code == 303
    assert '<span class="badge cancelled">' in page
    assert "Ada is ill" in page


def test_staff_move(desk):
    answer, page = desk.send({"at": "2026-11-23T11:30", "employee": ""})

    assert answer.status_code == 303
    assert "Monday 23 November 2026, 11:30" in page


def test_staff_keep_notes(desk):
    _, page = desk.send({"notes": "Likes <tea>"})

    assert "Likes &lt;tea&gt;</textarea>" in page


@pytest.mark.parametrize(("step", "state"), [("complete", "completed"), ("no-show", "no_show")])
def test_what_is_not_over_is_not_closed(desk, step, state):
    answer, page = desk.send({"do": step})

    assert answer.status_code == 409
    assert "It was left as it is." in answer.text
    assert f'<span class="badge {state}">' not in page


def test_a_form_that_shows_an_older_state_changes_nothing(desk):
    answer, page = desk.send({"notes": "first"}, {"notes": "second", "version": "1"})

    assert answer.status_code == 412
    assert "first</textarea>" in page


def test_whoever_may_only_look_gets_no_forms_and_changes_nothing(desk):
    answer, page = desk.send({"do": "cancel"}, role="read_only")

    assert answer.status_code == 403
    assert "<textarea" not in page


def test_another_site_cannot_send_a_form_for_staff(desk):
    answer, page = desk.send({"do": "cancel"}, headers={"Origin": "https://evil.example"})

    assert answer.status_code == 403
    assert '<span class="badge confirmed">' in page


def test_an_invitation_sets_a_password_once(serve, hire, admin):
    person = hire()

    async def talk(client):
        row = SimpleNamespace(id=person.id, password_changed_at=changed_at(admin, person))
        page = f"/staff/password/{issue((b'k' * 32,), row, NOW)}"
        weak = await client.simulate_post(page, body=urlencode({"password": "boka"}), headers=FORM)
        strong = await client.simulate_post(page, body=urlencode({"password": "Nebel-Anker-92-Tau"}), headers=FORM)
        again = await client.simulate_post(page, body=urlencode({"password": "Nebel-Anker-93-Tau"}), headers=FORM)
        return weak, strong, again, await log_in(client, person, password="Nebel-Anker-92-Tau")

    weak, strong, again, logged = serve(talk)

    assert [weak.status_code, strong.status_code, again.status_code] == [422, 303, 422]
    assert logged.cookies


def changed_at(admin, person):
    (moment,) = admin.execute("select password_changed_at from account where id = %s", [person.id]).fetchone()
    return moment


@pytest.mark.parametrize("known", [True, False])
def test_asking_for_a_link_tells_nobody_who_has_an_account(serve, hire, known):
    email = hire().email if known else "nobody@example.org"

    answer = serve(
        lambda client: client.simulate_post("/staff/password", body=urlencode({"email": email}), headers=FORM)
    )

    assert answer.status_code == 200
    assert "If there is an account with this address" in answer.text
