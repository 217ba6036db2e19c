"""One e-mail: composed so that no value can add a header, and handed to the SMTP server."""

import smtplib
import ssl
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial

from boka_app.calendars import ics
from boka_app.calendars.model import Visit
from boka_app.messages.model import Refused, Subject, Words
from boka_app.settings import MailSettings, Settings

_TIMEOUT_S = 15  # for each answer of the server
_PERMANENT = 500  # SMTP: 4xx passes, 5xx does not
# What an appointment's mail does to the customer's own calendar.
_METHOD_BY_KIND: dict[str, str] = dict.fromkeys(("appointment.confirmed", "appointment.moved"), "REQUEST")
_METHOD_BY_KIND["appointment.cancelled"] = "CANCEL"


def compose(
    settings: Settings, subject: Subject, words: Words, visits: list[Visit], unsubscribe: str | None, now: datetime
) -> EmailMessage:
    """Return the mail: text, HTML, and for a booking the calendar's entry.

    Raises:
        Refused: the address is none that a mail can have.
    """
    assert settings.mail is not None  # noqa: S101  nobody composes what cannot be sent
    message, sender, host = EmailMessage(), settings.mail.sender, ics.host_of(settings.public_url)
    address = subject.account_email or subject.customer_email or ""
    try:
        message["To"] = Address(_name(subject.account_name or subject.customer_name), addr_spec=address)
    except (ValueError, LookupError, AttributeError, MessageError) as err:  # any, depending on what is wrong
        raise Refused("the address is malformed") from err
    message["From"] = Address(_name(subject.tenant_name), addr_spec=sender)
    if subject.tenant_email and subject.tenant_email.isascii():
        message["Reply-To"] = Address(_name(subject.tenant_name), addr_spec=subject.tenant_email)
    message["Subject"] = words.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{subject.id}@{host}>"  # the same at each attempt, so that a second copy shows as one
    message["Auto-Submitted"] = "auto-generated"
    if unsubscribe is not None:
        message["List-Unsubscribe"] = f"<{unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    message.set_content(words.text)
    if words.html is not None:
        message.add_alternative(words.html, subtype="html")
    method = _METHOD_BY_KIND.get(subject.kind)
    if method is not None and visits:
        people = [f"ORGANIZER:mailto:{sender}", f"ATTENDEE;RSVP=FALSE:mailto:{address}"]
        calendar = ics.write(visits, host=host, name=subject.tenant_name, method=method, people=people)
        message.add_attachment(calendar, "text", "calendar", filename="appointment.ics", params={"method": method})
    return message


def send(mail: MailSettings, message: EmailMessage) -> None:
    """Hand a mail over; blocks, so call it in a thread.

    Raises:
        Refused: the server will not take it, now or later (5xx).
        OSError, smtplib.SMTPException: it may pass later.
    """
    context = ssl.create_default_context()
    connect = partial(smtplib.SMTP_SSL, context=context) if mail.tls == "tls" else smtplib.SMTP
    with connect(mail.host, mail.port, timeout=_TIMEOUT_S) as server:
        if mail.tls == "starttls":
            server.starttls(context=context)
        if mail.password is not None:
            server.login(mail.user, mail.password)
        try:  # only now: a server without TLS or log-in is ours to mend, not the message's fault
            server.send_message(message)
        except smtplib.SMTPException as err:
            if (refusal := _refusal(err)) is not None:
                raise Refused(refusal) from err
            raise


def _refusal(err: smtplib.SMTPException) -> str | None:
    """Return why trying again would change nothing."""
    if isinstance(err, smtplib.SMTPNotSupportedError):
        return "the server takes no address of this form"
    codes = [code for code, _ in getattr(err, "recipients", {}).values()] or [getattr(err, "smtp_code", 0)]
    return None if min(codes) < _PERMANENT else f"SMTP {max(codes)}"


def _name(text: str | None) -> str:
    """Return a display name without control characters: older rows may have what a booking refuses today."""
    return "".join(character for character in text or "" if character.isprintable())
