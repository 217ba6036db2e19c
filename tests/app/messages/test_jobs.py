"""From what happened to what arrives: mails, SMS, chat, reminders; and what becomes of those that fail."""

import asyncio
import base64
import dataclasses
import re
from uuid import UUID, uuid4

import msgspec
import pytest
from boka_app.database import make_pool
from boka_app.messages.model import ChannelBody
from boka_app.messages.queue import queue
from boka_app.tenants.model import PLATFORM
from boka_app.vault import Vault
from boka_app.worker.tenants import job_transaction
from icalendar import Calendar

from app.builders import NOW, at
from app.conftest import settings
from app.jobs import work_off
from standins.chat import Chat
from standins.server import Fault, running
from standins.sms import Sms

pytestmark = pytest.mark.postgresql
VAULT = Vault(*settings().encryption_keys)


def set_up(admin, salon, channel, **facts):
    sealed = VAULT.seal(msgspec.json.encode(ChannelBody(**facts)).decode())
    admin.execute(
        "insert into message_channel (tenant_id, channel, configuration) values (%s, %s, %s)",
        [salon.id, channel, sealed],
    )


def tell(admin, salon, kind, subject_id):
    admin.execute(
        "insert into outbox (tenant_id, kind, subject_id) values (%s, %s, %s)", [salon.id, kind, UUID(subject_id)]
    )


def end(admin, salon, appointment_id, status="cancelled"):
    admin.execute("update appointment set status = %s where id = %s", [status, appointment_id])
    tell(admin, salon, f"appointment.{status}", appointment_id)


@pytest.fixture
def booked(book):
    """Book once and return the appointment's id."""

    def run(**changes):
        answer = book(**changes)
        assert answer.status_code == 201, answer.json
        return answer.json["appointment"]["id"]

    return run


def test_a_booking_is_confirmed_by_mail(office, booked, salon):
    appointment_id = booked()

    (mail,) = office.deliver()

    assert mail["to"] == ["zoe@example.org"]
    assert mail["headers"]["Subject"] == "Booked: Cut on Monday, 23 November 2026"
    assert mail["headers"]["From"] == "Salon <no-reply@boka.test>"
    assert "10:00 (UTC)" in mail["text"]
    assert f"https://boka.test/b/{salon.slug}/appointments/{appointment_id}/" in mail["text"]
    assert "<p>Hello Zoë Zimmer,</p>" in mail["html"]
    assert office.notifications("appointment.confirmed") == [("email", "sent", 1, None)]


def test_the_mail_brings_the_calendars_entry_and_takes_it_out_again(office, booked, admin, salon):
    appointment_id = booked()
    (invitation,) = office.deliver()
    end(admin, salon, appointment_id)
    (*_, cancellation) = office.deliver()

    calendars = [Calendar.from_ical(mail["attachments"]["appointment.ics"]) for mail in (invitation, cancellation)]
    events = [calendar.walk("VEVENT")[0] for calendar in calendars]
    assert [calendar["METHOD"] for calendar in calendars] == ["REQUEST", "CANCEL"]
    assert {str(event["UID"]) for event in events} == {f"{appointment_id}@boka.test"}
    assert [event["STATUS"] for event in events] == ["CONFIRMED", "CANCELLED"]
    assert events[0]["DTSTART"].dt == at(10)
    assert events[0]["ATTENDEE"] == "mailto:zoe@example.org"
    assert events[1]["SEQUENCE"] > events[0]["SEQUENCE"]


def test_the_words_are_in_the_customers_language_and_zone(office, booked, admin, salon):
    admin.execute("update tenant set locale = 'de' where id = %s", [salon.id])
    booked()
    admin.execute("update customer set time_zone = 'Asia/Tokyo' where tenant_id = %s", [salon.id])

    (mail,) = office.deliver()

    assert mail["headers"]["Subject"] == "Gebucht: Cut am Montag, 23. November 2026"
    assert "19:00 (Asia/Tokyo)" in mail["text"]
    assert '<html lang="de">' in mail["html"]


def test_the_same_event_twice_makes_one_message(office, booked, admin):
    booked()
    office.deliver()
    admin.execute("update procrastinate_jobs set status = 'todo' where task_name = 'plan_messages'")

    assert len(office.deliver()) == 1
    assert len(office.notifications("appointment.confirmed")) == 1


def test_reminders_go_out_a_day_and_two_hours_before(office, booked):
    booked()
    office.deliver()

    counts = [len(office.deliver(moment)) for moment in (at(9, day=at(0).date().replace(day=22)), at(8), at(9))]

    assert counts == [1, 3, 3]  # a day before at 10 is over by then: both of Monday 08:00, none after
    assert [state[1] for state in office.notifications("appointment.reminder")] == ["sent", "sent"]


def test_reminders_follow_a_visit_that_moves(office, booked, admin, salon):
    appointment_id = booked()
    office.deliver()
    admin.execute(
        "update appointment set starts_at = starts_at + interval '2 h', ends_at = ends_at + interval '2 h',"
        " occupied_from = occupied_from + interval '2 h', occupied_until = occupied_until + interval '2 h'"
        " where id = %s",
        [appointment_id],
    )
    tell(admin, salon, "appointment.moved", appointment_id)

    moved = office.deliver()[-1]
    reminded = office.deliver(at(10))[2:]

    assert moved["headers"]["Subject"] == "Moved: Cut is now on Monday, 23 November 2026"
    assert ["12:00 (UTC)" in mail["text"] for mail in reminded] == [True, True]
    states = [state[1] for state in office.notifications("appointment.reminder")]
    assert sorted(states) == ["cancelled", "cancelled", "sent", "sent"]


def test_who_cancels_is_not_reminded(office, booked, admin, salon):
    appointment_id = booked()
    office.deliver()
    end(admin, salon, appointment_id)

    mails = office.deliver(at(9))

    assert [mail["headers"]["Subject"].split(":")[0] for mail in mails] == ["Booked", "Cancelled"]


def test_who_unsubscribes_is_not_reminded_but_told(office, booked, serve, admin, salon):
    appointment_id = booked()
    (mail,) = office.deliver()
    path = re.fullmatch(r"<https://boka.test(/b/.+)>", mail["headers"]["List-Unsubscribe"])[1]
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    shown = serve(lambda client: client.simulate_get(path))
    before = admin.execute("select unsubscribed_at from customer where tenant_id = %s", [salon.id]).fetchone()
    done = serve(lambda client: client.simulate_post(path, body="List-Unsubscribe=One-Click", headers=form))
    office.deliver(at(9))
    end(admin, salon, appointment_id)
    mails = office.deliver(at(9))

    assert mail["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (shown.status_code, "<form" in shown.text, before) == (200, True, (None,))
    assert (done.status_code, "no more reminders" in done.text) == (200, True)
    assert [m["headers"]["Subject"].split(":")[0] for m in mails] == ["Booked", "Cancelled"]
    assert [state[1] for state in office.notifications("appointment.reminder")] == ["suppressed", "suppressed"]


def test_a_link_that_is_not_whole_unsubscribes_nobody(office, booked, serve):
    booked()
    (mail,) = office.deliver()
    path = mail["headers"]["List-Unsubscribe"].removeprefix("<https://boka.test").removesuffix(">")

    assert serve(lambda client: client.simulate_post(path[:-1] + "!")).status_code == 404


def test_a_refusal_for_good_ends_a_message_at_once(office, booked):
    office.smtp.faults.append(Fault(path="zoe@", status=550))
    booked()

    assert office.deliver() == []
    assert office.notifications("appointment.confirmed") == [("email", "dead", 1, "SMTP 550")]


@pytest.mark.parametrize("address", ["zoe@example..org", ".zoe@example.org", "zoe,ada@example.org", "zoë@example.org"])
def test_an_address_that_no_mail_can_have_ends_a_message_at_once(office, booked, address):
    booked(customer={"name": "Zoë", "email": address})

    assert office.deliver() == []
    assert office.notifications("appointment.confirmed") == [("email", "dead", 1, "the address is malformed")]


def test_answers_go_to_the_tenant(office, booked, admin, salon):
    admin.execute("update tenant set contact_email = 'hello@salon.example' where id = %s", [salon.id])
    booked()

    assert [mail["headers"]["Reply-To"] for mail in office.deliver()] == ["Salon <hello@salon.example>"]


def test_a_refusal_for_now_is_tried_again(office, booked, later):
    office.smtp.faults.append(Fault(path="zoe@", status=451, times=1))
    booked()

    assert office.deliver() == []
    assert office.notifications("appointment.confirmed") == [("email", "sending", 1, "SMTPRecipientsRefused")]
    assert len(office.deliver(later(minutes=2))) == 1


def test_a_server_that_is_away_is_tried_again_and_given_up_in_the_end(office, booked, admin, salon, later):
    booked()
    nowhere = dataclasses.replace(office.mail, port=1)

    office.deliver(mail=nowhere)
    assert office.notifications("appointment.confirmed") == [("email", "sending", 1, "ConnectionRefusedError")]
    admin.execute("update notification set attempts = 9 where tenant_id = %s and status = 'sending'", [salon.id])
    office.deliver(later(hours=3), mail=nowhere)

    assert office.notifications("appointment.confirmed") == [("email", "dead", 10, "ConnectionRefusedError")]


def test_it_can_be_sent_again_once_it_has_ended(office, booked, ask):
    booked()
    office.deliver()
    waiting = ask("GET", "notifications", query={"search": "queued"}).json["items"][0]
    (row,) = ask("GET", "notifications", query={"search": "sent"}).json["items"]

    answers = [ask("POST", f"notifications/{each['id']}/resend").status_code for each in (row, waiting)]

    assert answers == [202, 409]
    assert len(office.deliver()) == 2


def test_a_booking_that_waits_for_its_payment_is_told_once_it_is_paid(office, booked, admin, salon):
    appointment_id = booked()
    admin.execute("update appointment set status = 'pending' where id = %s", [appointment_id])
    assert office.deliver() == []

    end(admin, salon, appointment_id, "confirmed")

    assert [mail["headers"]["Subject"].split(":")[0] for mail in office.deliver()] == ["Booked"]


def test_money_is_told_of(office, booked, admin, salon):
    appointment_id = booked()
    office.deliver()
    payment_id, refund_id = uuid4(), uuid4()
    admin.execute(
        "insert into payment (tenant_id, id, appointment_id, provider, purpose, amount_minor, currency, status)"
        " values (%s, %s, %s, 'stripe', 'full', 2550, 'EUR', 'succeeded')",
        [salon.id, payment_id, appointment_id],
    )
    admin.execute(
        "insert into refund (tenant_id, id, payment_id, amount_minor, reason) values (%s, %s, %s, 1000, 'staff')",
        [salon.id, refund_id, payment_id],
    )
    tell(admin, salon, "payment.succeeded", str(payment_id))
    tell(admin, salon, "refund.succeeded", str(refund_id))

    subjects = {mail["headers"]["Subject"] for mail in office.deliver()[1:]}

    assert subjects == {"Paid: 25.50 EUR to Salon", "Refunded: 10.00 EUR from Salon"}


def test_a_place_on_the_waitlist_is_offered(office, booked, admin, salon):
    appointment_id = booked()
    office.deliver()
    admin.execute("update appointment set status = 'held', expires_at = %s where id = %s", [at(9), appointment_id])
    entry = uuid4()
    admin.execute(
        "insert into waitlist_entry (tenant_id, id, service_id, customer_id, earliest, latest, status, offer_until,"
        " appointment_id) select tenant_id, %s, service_id, customer_id, starts_at, ends_at, 'offered', %s, id"
        " from appointment where id = %s",
        [entry, at(9, 15), appointment_id],
    )
    tell(admin, salon, "waitlist.offered", str(entry))

    offer = office.deliver()[-1]

    assert offer["headers"]["Subject"] == "A time is free: Cut on Monday, 23 November 2026"
    assert "held for you until 09:15" in offer["text"]
    assert f"/b/{salon.slug}/waitlist/{entry}/" in offer["text"]


def test_staff_read_of_it_in_their_chat_and_the_customer_by_sms(office, booked, admin, salon):
    with running(Chat()) as chat_url, running(sms := Sms()) as sms_url:
        set_up(admin, salon, "chat", address=chat_url.replace("http", "json") + "/staff")
        set_up(admin, salon, "sms", account="AC1", token="secret", sender="+4930")
        customer = {"name": "Zoë", "email": "zoe@example.org", "phone": "+49 170 1234567"}
        appointment_id = booked(customer=customer)
        office.deliver(sms_url=sms_url)
        end(admin, salon, appointment_id)
        office.deliver(sms_url=sms_url)

    assert sorted(office.notifications("appointment.cancelled")) == [
        ("chat", "sent", 1, None),
        ("email", "sent", 1, None),
        ("sms", "sent", 1, None),
    ]
    (sent,) = sms.recorded
    assert sent.form()["Body"].startswith("Salon: your appointment on Monday, 23 November 2026, 10:00 is cancelled.")
    assert sent.headers["authorization"] == "Basic " + base64.b64encode(b"AC1:secret").decode()


@pytest.mark.parametrize(
    ("status", "told"),
    [(400, ("sms", "dead", 1, "SMS provider 400")), (503, ("sms", "sending", 1, "HTTPStatusError"))],
)
def test_an_sms_provider_refuses_for_good_or_for_now(office, booked, admin, salon, status, told):
    with running(sms := Sms()) as url:
        sms.faults.append(Fault(status=status))
        set_up(admin, salon, "sms", account="AC1", token="secret", sender="+4930")
        appointment_id = booked(customer={"name": "Zoë", "email": "zoe@example.org", "phone": "+49 170 1234567"})
        office.deliver(sms_url=url)
        end(admin, salon, appointment_id)
        office.deliver(sms_url=url)

    assert told in office.notifications("appointment.cancelled")


def test_a_name_brings_no_header_and_no_link(office, booked, admin, salon):
    booked()
    admin.execute(
        "update customer set name = %s where tenant_id = %s", ["Win!\r\nBcc: all@x.test https://evil.test", salon.id]
    )

    (mail,) = office.deliver()

    assert "Bcc" not in mail["headers"]
    assert mail["to"] == ["zoe@example.org"]
    assert "evil.test" not in mail["text"] + mail["html"]


def test_a_tenants_template_counts_and_ours_when_it_breaks(office, booked, admin, salon):
    own = "insert into message_template (tenant_id, id, kind, channel, locale, subject, text_body)"
    for kind, text in (
        ("appointment.confirmed", "See you, {{ customer.name }}"),
        ("appointment.cancelled", "{{ x.y }}"),
    ):
        admin.execute(f"{own} values (%s, %s, %s, 'email', 'en', 'Ours', %s)", [salon.id, uuid4(), kind, text])
    appointment_id = booked()
    office.deliver()
    end(admin, salon, appointment_id)

    first, second = office.deliver()

    assert (first["headers"]["Subject"], first["text"]) == ("Ours", "See you, Zoë Zimmer\n")
    assert second["headers"]["Subject"].startswith("Cancelled: ")


def test_an_erased_person_is_written_no_more(office, booked, admin, salon):
    booked()
    admin.execute("update customer set erased_at = %s where tenant_id = %s", [NOW, salon.id])

    assert office.deliver() == []
    assert office.notifications("appointment.confirmed") == [("email", "cancelled", 1, None)]


@pytest.mark.parametrize(("kind", "inside"), [("member.invited", True), ("account.password", False)])
def test_an_account_is_sent_its_link_and_no_copy_is_kept(office, database, admin, salon, kind, inside):
    account_id, tenant_id = uuid4(), salon.id if inside else PLATFORM
    admin.execute(
        "insert into account (id, email, name) values (%s, %s, 'Ada')", [account_id, f"{account_id}@example.org"]
    )

    async def order():
        async with (
            make_pool(database.as_role("booking_app"), max_size=1) as pool,
            job_transaction(pool, tenant_id) as conn,
        ):
            await queue(conn, kind, account_id, now=NOW, secret=VAULT.seal("https://boka.test/once"))

    asyncio.run(order())
    work_off(database, tenant_id, NOW, mail=office.mail)

    (mail,) = office.smtp.messages
    assert (mail["to"], "https://boka.test/once" in mail["text"]) == ([f"{account_id}@example.org"], True)
    assert "List-Unsubscribe" not in mail["headers"]
    kept = admin.execute("select status, secret from notification where subject_id = %s", [account_id]).fetchone()
    assert kept == ("sent", None)
