"""The customers of a tenant, for `conventions.editing`. Bookings make them; staff find and correct them."""

from boka_app.conventions.table import Table
from boka_app.customers.model import Customer, CustomerData

CUSTOMERS = Table(
    kind="customer",
    needs="customers",
    row=Customer,
    new=CustomerData,
    changeable="erased_at is null",
    sorted_by="created_at",
    newest_first=True,
    search="search @@ search_words(%(search)s::text)",
    also=", email_key = lower(%(email)s)",
    fixed=True,
    event=None,
)
