"""An SMS provider, as Twilio's Messages resource answers. Source: twilio.com/docs/messaging/api/message-resource."""

from __future__ import annotations

import base64
import secrets
from typing import ClassVar

from standins.server import Answer, Request, Standin, route


class Sms(Standin):
    """Takes messages of any account whose token is not `wrong`."""

    name: ClassVar[str] = "sms"

    @route("POST", "/2010-04-01/Accounts/{account}/Messages.json")
    def create(self, request: Request, account: str) -> Answer:
        """Take a message; a number ending in 0000 is one that cannot be."""
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        user, _, token = base64.b64decode(given).decode().partition(":") if kind == "Basic" else ("", "", "wrong")
        if user != account or token == "wrong":  # noqa: S105  what this stand-in refuses
            return Answer({"code": 20003, "message": "Authenticate", "status": 401}, 401)
        form = request.form()
        if not form.get("Body") or form.get("To", "").endswith("0000"):
            return Answer({"code": 21211, "message": "The 'To' number is not valid", "status": 400}, 400)
        sid = f"SM{secrets.token_hex(16)}"
        return Answer({"sid": sid, "status": "queued", "to": form["To"], "body": form["Body"]}, 201)
