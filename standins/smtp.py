"""A mail server that keeps what it gets, and shows it over HTTP beside: `/_recorded`, `/_fault` and `/messages`.

Faults are by recipient: {"path": "zoe@example.org", "status": 550} refuses that address, with 4xx for now; kind `slow`
waits `delay_s` before it takes the message. The path may be empty, which means all.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, ClassVar

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from standins.server import Answer, Request, Standin, route, running


class Smtp(Standin):
    """The HTTP side, and what aiosmtpd asks of a handler."""

    name: ClassVar[str] = "mailbox"

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []

    @route("GET", "/messages")
    def list_messages(self, request: Request) -> Answer:
        """Show the mails, all or those `to` somebody, newest last."""
        wanted = request.query.get("to")
        with self.lock:
            return Answer([mail for mail in self.messages if wanted is None or wanted in mail["to"]])

    @route("DELETE", "/messages")
    def forget_messages(self, request: Request) -> Answer:  # noqa: ARG002
        """Forget the mails."""
        with self.lock:
            self.messages.clear()
        return Answer([])

    async def handle_RCPT(  # noqa: N802  the library's name and arguments
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or answer as a fault says."""
        fault = self.faulty(address, "refuse")
        if fault is not None and fault.status is not None:
            return f"{fault.status} refused as asked"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a mail."""
        slow = self.faulty(envelope.rcpt_tos[0], "slow")
        if slow is not None:
            await asyncio.sleep(slow.delay_s)
        source = (envelope.original_content or b"").replace(b"\r\n", b"\n")
        mail = email.message_from_bytes(source, policy=email.policy.default)
        text, html = mail.get_body(("plain",)), mail.get_body(("html",))
        with self.lock:
            self.messages.append(
                {
                    "from": envelope.mail_from,
                    "to": list(envelope.rcpt_tos),
                    "headers": {name: str(value) for name, value in mail.items()},
                    "text": text.get_content() if text is not None else None,
                    "html": html.get_content() if html is not None else None,
                    "attachments": {part.get_filename(): part.get_content() for part in mail.iter_attachments()},
                    "source": source.decode(errors="replace"),
                }
            )
        return "250 OK"


class _Controller(Controller):
    port: int
    server: asyncio.Server

    def _trigger_server(self) -> None:
        """Learn the port that the system chose, where it was left to it, before the library knocks there."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def serving(
    smtp: Smtp,
    host: str = "127.0.0.1",
    port: int = 0,
    http_port: int = 0,
    **options: Any,  # noqa: ANN401  aiosmtpd's
) -> Generator[int]:
    """Serve both sides while the block lasts; gives SMTP's port. The other's address is the stand-in's `url`.

    Options are those of aiosmtpd's controller and server: TLS, who may log in.
    """
    controller = _Controller(smtp, hostname=host, port=port, ready_timeout=10, enable_SMTPUTF8=True, **options)
    with running(smtp, host, http_port):
        controller.start()
        try:
            yield controller.port
        finally:
            controller.stop()
