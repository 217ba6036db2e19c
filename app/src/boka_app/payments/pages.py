"""The customer's way to the checkout and back: two pages below the appointment's."""

from boka_app.conventions.api import Call
from boka_app.database import tenant_transaction
from boka_app.pages.site import Shown, Site
from boka_app.payments import rules, service
from boka_app.payments.queries import get_bill, list_payments_of

_PAY = "/b/{slug}/appointments/{appointment_id:uuid}/{token}/pay"
page = Site()


@page(f"POST {_PAY}", alone=True)
async def _leave(call: Call) -> Shown:
    """Lead to the checkout. By a page that moves on: `form-action 'self'` forbids a form to be redirected away."""
    checkout = await service.checkout(call.parts, call.path["slug"], call.id, call.path["token"])
    async with tenant_transaction(call.parts.pool, call.path["slug"]) as (_conn, tenant):
        facts = {"tenant": tenant, "back": call.req.path.removesuffix("/pay")}
    call.resp.set_header("Refresh", f"0; url={checkout.url}")
    return "payment.html", facts | {"state": "leaving", "url": checkout.url}


@page(f"GET {_PAY}")
async def _show(call: Call) -> Shown:
    """Show how far the payment is, again every 3 seconds while the provider has not told; it leads back to here."""
    bill, payments = await get_bill(call.conn, id=call.id), await list_payments_of(call.conn, id=call.id)
    state = rules.page_state(bill, payments[0] if payments else None)
    if state == "waiting":
        call.resp.set_header("Refresh", f"3; url={call.req.path}")
    return "payment.html", {"back": call.req.path.removesuffix("/pay"), "state": state, "url": ""}
