"""One e-mail: composed so that no value can add a header, and handed to the SMTP server."""

import smtplib
import ssl
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from boka_app.calendars import ics
from boka_app.calendars.model import Visit
from boka_app.messages.model import Refused, Subject, Words
from boka_app.settings import MailSettings

_TIMEOUT_S = 15  # for each answer of the server
_PERMANENT = 500  # SMTP: 4xx passes, 5xx does not
# What an appointment's mail does to the customer's own calendar.
_METHOD_BY_KIND = {
    "appointment.confirmed": "REQUEST",
    "appointment.moved": "REQUEST",
    "appointment.cancelled": "CANCEL",
}


def compose(  # noqa: PLR0913  each is a part of the mail
    mail: MailSettings,
    public_url: str,
    subject: Subject,
    words: Words,
    visits: list[Visit],
    *,
    unsubscribe: str | None,
    now: datetime,
) -> EmailMessage:
    """Return the mail: text, HTML, and for a booking the calendar's entry.

    Raises:
        Refused: the address is none that a mail can have.
    """
    message = EmailMessage()
    host = ics.host_of(public_url)
    address = subject.account_email or subject.customer_email or ""
    try:
        message["To"] = Address(_name(subject.account_name or subject.customer_name), addr_spec=address)
    except (ValueError, IndexError) as err:  # email's parser raises either, depending on what is wrong
        raise Refused("the address is malformed") from err
    message["From"] = Address(_name(subject.tenant_name), addr_spec=mail.sender)
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
        people = [f"ORGANIZER:mailto:{mail.sender}", f"ATTENDEE;RSVP=FALSE:mailto:{address}"]
        calendar = ics.write(visits, host=host, name=subject.tenant_name, method=method, people=people)
        message.add_attachment(calendar, "text", "calendar", filename="appointment.ics", params={"method": method})
    return message


def send(mail: MailSettings, message: EmailMessage) -> None:
    """Hand a mail over; blocks, so call it in a thread.

    Raises:
        Refused: the server will not take it, now or later (5xx).
        OSError, smtplib.SMTPException: it may pass later.
    """
    try:
        with _connect(mail) as server:
            if mail.password is not None:
                server.login(mail.user, mail.password)
            server.send_message(message)
    except smtplib.SMTPAuthenticationError:
        raise  # ours to mend, not the message's fault
    except smtplib.SMTPRecipientsRefused as err:
        codes = [code for code, _ in err.recipients.values()]
        if all(code >= _PERMANENT for code in codes):
            raise Refused(f"SMTP {max(codes)}") from err
        raise
    except smtplib.SMTPResponseException as err:
        if err.smtp_code >= _PERMANENT:
            raise Refused(f"SMTP {err.smtp_code}") from err
        raise
    except smtplib.SMTPNotSupportedError as err:
        raise Refused("the server takes no address of this form") from err


def _connect(mail: MailSettings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if mail.tls == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=_TIMEOUT_S, context=context)
    server = smtplib.SMTP(mail.host, mail.port, timeout=_TIMEOUT_S)
    if mail.tls == "starttls":
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server


def _name(text: str | None) -> str:
    """Return a display name without control characters: older rows may have what a booking refuses today."""
    return "".join(character for character in text or "" if character.isprintable())
