"""The customers of a tenant, for `conventions.editing`. Bookings make them; staff find and correct them."""

from datetime import datetime

from boka_app.conventions.editing import Table
from boka_app.customers.model import Customer, CustomerData

CUSTOMERS = Table(
    kind="customer",
    noun="customer",
    needs="customers",
    new=CustomerData,
    row=Customer,
    event=None,
    sorted_by="created_at",
    sorted_as=datetime,
    select="""
    select
        id, name, email, phone, locale, time_zone, notes, unsubscribed_at, erased_at, created_at, version
    from customer
    where tenant_id = current_tenant()
    """,
    page="""
        and (
            %(after)s::timestamptz is null
            or created_at < %(after)s::timestamptz
            or (created_at = %(after)s::timestamptz and id > %(after_id)s::uuid)
        )
        and (%(search)s::text is null or search @@ search_words(%(search)s::text))
    order by created_at desc, id
    limit %(fetch)s
    """,
    update="""
    update customer
    set name = %(name)s, email = %(email)s, email_key = lower(%(email)s), phone = %(phone)s, locale = %(locale)s,
        time_zone = %(time_zone)s, notes = %(notes)s
    where tenant_id = current_tenant() and id = %(id)s and erased_at is null
    """,
)
