"""The customer's way to the checkout and back: two addresses below the appointment's page."""

from uuid import UUID

from falcon.asgi import Request, Response

from boka_app.pages.site import show
from boka_app.parts import Parts, Routes
from boka_app.payments import rules, service


def pages(parts: Parts) -> Routes:
    """Return the page's address and who answers it."""
    return [("/b/{slug}/appointments/{appointment_id:uuid}/{token}/pay", PayPage(parts))]


class PayPage:
    """`…/pay`: a POST leads to the checkout; a GET is where the provider sends the customer back to."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def on_post(self, req: Request, resp: Response, slug: str, appointment_id: UUID, token: str) -> None:
        """Lead to the checkout. By a page that moves on: `form-action 'self'` forbids a form to be redirected away."""
        checkout = await service.checkout(self._parts, slug, appointment_id, token)
        tenant, _, _ = await service.standing(self._parts, slug, appointment_id, token)
        resp.set_header("Refresh", f"0; url={checkout.url}")
        show(
            req,
            resp,
            "payment.html",
            tenant=tenant,
            back=req.path.removesuffix("/pay"),
            state="leaving",
            url=checkout.url,
        )

    async def on_get(self, req: Request, resp: Response, slug: str, appointment_id: UUID, token: str) -> None:
        """Show how far the payment is, again every 3 seconds while the provider has not told."""
        tenant, bill, payments = await service.standing(self._parts, slug, appointment_id, token)
        state = rules.page_state(bill, payments[0] if payments else None)
        if state == "waiting":
            resp.set_header("Refresh", f"3; url={req.path}")
        show(req, resp, "payment.html", tenant=tenant, back=req.path.removesuffix("/pay"), state=state, url="")
