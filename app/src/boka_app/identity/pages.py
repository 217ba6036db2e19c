"""`/staff/password/{token}`: where an invitation, or a link to a forgotten password, leads a person."""

import falcon
from falcon.asgi import Request, Response

from boka_app.identity import invitations
from boka_app.identity.model import FirstPassword, PasswordRefused, TokenSpent, TooManyAttempts
from boka_app.pages.resource import read_form, show
from boka_app.parts import Parts


class PasswordPage:
    """A form with one field."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def on_get(self, req: Request, resp: Response, token: str) -> None:  # noqa: ARG002  the form sends it on
        """Answer the form; whether the token is good is told once there is a password."""
        show(req, resp, "staff/password.html", error=None)

    async def on_post(self, req: Request, resp: Response, token: str) -> None:
        """Set the password and lead to the log-in, or say what is wrong."""
        password = (await read_form(req)).get("password", "")
        try:
            await invitations.take_up(self._parts, FirstPassword(token=token, password=password))
        except (TokenSpent, PasswordRefused, TooManyAttempts) as err:
            resp.status = falcon.HTTP_422
            show(req, resp, "staff/password.html", error=type(err).__name__)
            return
        resp.status, resp.location = falcon.HTTP_303, "/staff/login"
