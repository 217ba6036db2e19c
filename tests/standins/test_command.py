"""All stand-ins in one process, as the local stack runs them."""

import smtplib
import socket
import subprocess
import sys
import time
from email.message import EmailMessage

import httpx
import pytest

from standins.__main__ import STANDINS


def ports(count):
    ends = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [end.getsockname()[1] for end in ends]
    finally:
        for end in ends:
            end.close()


@pytest.fixture(scope="module")
def served():
    port_by_name = dict(zip(STANDINS, ports(len(STANDINS)), strict=True))
    given = [f"{name}={port}" for name, port in port_by_name.items()]
    process = subprocess.Popen([sys.executable, "-m", "standins", *given])
    try:
        end = time.monotonic() + 15
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port_by_name["ics"])).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port_by_name
    finally:
        process.terminate()
        assert process.wait(timeout=10) == 0


@pytest.mark.parametrize("name", [name for name in STANDINS if name != "smtp"])
def test_each_tells_what_arrived(served, name):
    assert httpx.get(f"http://127.0.0.1:{served[name]}/_recorded").json() == []


def test_a_mail_arrives_unless_its_recipient_is_refused(served):
    mailbox = f"http://127.0.0.1:{served['mailbox']}"
    httpx.post(f"{mailbox}/_fault", json={"path": "no@", "status": 550})
    message = EmailMessage()
    message["Subject"] = "Grüße"
    message.set_content("Hallo")

    with smtplib.SMTP("127.0.0.1", served["smtp"]) as server:
        server.send_message(message, "from@boka.test", ["yes@boka.test"])
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            server.send_message(message, "from@boka.test", ["no@boka.test"])

    (mail,) = httpx.get(f"{mailbox}/messages").json()
    assert (mail["to"], mail["headers"]["Subject"], mail["text"]) == (["yes@boka.test"], "Grüße", "Hallo\n")


def test_an_sms_is_taken_of_an_account_that_knows_its_token(served):
    url = f"http://127.0.0.1:{served['sms']}/2010-04-01/Accounts/AC1/Messages.json"
    form = {"To": "+491701234567", "From": "+4930", "Body": "Hi"}

    assert httpx.post(url, data=form, auth=("AC1", "token")).status_code == 201
    assert httpx.post(url, data=form, auth=("AC1", "wrong")).status_code == 401
    assert httpx.post(url, data=form | {"To": "+0000"}, auth=("AC1", "token")).status_code == 400
