"""The customer's way to the checkout and back: two addresses below the appointment's page."""

from uuid import UUID

import falcon
from falcon.asgi import Request, Response

from boka_app.pages.render import render
from boka_app.parts import Routes
from boka_app.payments import rules
from boka_app.payments.service import PaymentService


def pages(payments: PaymentService) -> Routes:
    """Return the page's address and who answers it."""
    return [("/b/{slug}/appointments/{appointment_id:uuid}/{token}/pay", PayPage(payments))]


class PayPage:
    """`…/pay`: a POST leads to the checkout; a GET is where the provider sends the customer back to."""

    def __init__(self, payments: PaymentService) -> None:
        self._payments = payments

    async def on_post(self, _req: Request, resp: Response, slug: str, appointment_id: UUID, token: str) -> None:
        """Lead to the checkout. By a page that moves on: `form-action 'self'` forbids a form to be redirected away."""
        checkout = await self._payments.checkout(slug, appointment_id, token)
        _show(
            resp, slug=slug, back=f"/b/{slug}/appointments/{appointment_id}/{token}", state="leaving", url=checkout.url
        )

    async def on_get(self, req: Request, resp: Response, slug: str, appointment_id: UUID, token: str) -> None:
        """Show how far the payment is, again every 3 seconds while the provider has not told."""
        bill, payments = await self._payments.standing(slug, appointment_id, token)
        latest = payments[0] if payments else None
        state = rules.page_state(bill, latest)
        back = f"/b/{slug}/appointments/{appointment_id}/{token}"
        _show(resp, slug=slug, back=back, state=state, url=req.path)


def _show(resp: Response, **values: str) -> None:
    resp.content_type = falcon.MEDIA_HTML
    resp.cache_control = ["no-store"]
    resp.text = render("payment.html", **values)
