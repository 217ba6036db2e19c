"""The customer's way to the checkout and back: two pages below the appointment's."""

from boka_app.conventions.api import Call
from boka_app.pages.site import Shown, Site
from boka_app.payments import rules, service

_PAY = "/b/{slug}/appointments/{appointment_id:uuid}/{token}/pay"
page = Site()


@page(f"POST {_PAY}", alone=True)
async def _leave(call: Call) -> Shown:
    """Lead to the checkout. By a page that moves on: `form-action 'self'` forbids a form to be redirected away."""
    own = call.parts, call.path["slug"], call.id, call.path["token"]
    checkout, (tenant, _, _) = await service.checkout(*own), await service.standing(*own)
    call.resp.set_header("Refresh", f"0; url={checkout.url}")
    facts = {"tenant": tenant, "back": call.req.path.removesuffix("/pay")}
    return "payment.html", facts | {"state": "leaving", "url": checkout.url}


@page(f"GET {_PAY}", alone=True)
async def _show(call: Call) -> Shown:
    """Show how far the payment is, again every 3 seconds while the provider has not told; it leads back to here."""
    tenant, bill, payments = await service.standing(call.parts, call.path["slug"], call.id, call.path["token"])
    state = rules.page_state(bill, payments[0] if payments else None)
    if state == "waiting":
        call.resp.set_header("Refresh", f"3; url={call.req.path}")
    return "payment.html", {"tenant": tenant, "back": call.req.path.removesuffix("/pay"), "state": state, "url": ""}
