"""SQL on endpoints and deliveries."""

from boka_app.conventions.table import Table
from boka_app.statements import column, one, run, value
from boka_app.webhooks.model import Delivery, Endpoint, NewEndpoint, Parcel

ENDPOINTS = Table(
    kind="webhook",
    noun="webhook endpoint",
    needs="webhooks",
    row=Endpoint,
    new=NewEndpoint,
    source="webhook_endpoint",
    columns={"has_secret": "secret is not null"},
    sorted_by="created_at",
    search="strpos(url, %(search)s::text) > 0",
    also="""
    , failing_since = case when %(active)s and not active then null else failing_since end,
    disabled_reason = case when %(active)s then null else disabled_reason end
    """,
    event=None,
)

DELIVERIES = Table(
    kind="delivery",
    noun="webhook delivery",
    needs="webhooks",
    row=Delivery,
    source="webhook_delivery d join outbox o on o.tenant_id = d.tenant_id and o.id = d.outbox_id",
    within="d.tenant_id = current_tenant() and d.endpoint_id = %(id)s",
    columns={"id": "d.id"},
    sorted_by="created_at",
    newest_first=True,
    search="d.status = %(search)s::text",
)

set_secret = value("""
update webhook_endpoint
set previous_secret = secret,
    previous_until = case when secret is not null then %(previous_until)s::timestamptz end,
    secret = %(secret)s
where tenant_id = current_tenant() and id = %(id)s
returning previous_until
""")
"""Replace the secret, sealed; until when the one before still signs, if there was one."""

fan_out = column("""
insert into webhook_delivery (tenant_id, id, endpoint_id, outbox_id)
select current_tenant(), gen_random_uuid(), e.id, %(event_id)s
from webhook_endpoint e
where e.tenant_id = current_tenant()
    and e.active
    and e.secret is not null
    and (e.kinds = '{}' or %(kind)s = any(e.kinds))
on conflict (tenant_id, endpoint_id, outbox_id) do nothing
returning id
""")
"""Make a delivery of an event for each endpoint that wants it and has none; their ids."""

_PARCEL = """
select
    d.id, d.endpoint_id, d.attempts, e.active, e.url, e.secret, e.previous_secret, e.previous_until, e.failing_since,
    o.kind, o.subject_id, o.payload, o.at
from webhook_delivery d
join webhook_endpoint e on e.tenant_id = d.tenant_id and e.id = d.endpoint_id
join outbox o on o.tenant_id = d.tenant_id and o.id = d.outbox_id
where d.tenant_id = current_tenant() and d.id = %(id)s and d.status in ('queued', 'retrying')
"""
get_parcel = one(Parcel, _PARCEL)
"""All that an attempt needs; None if the delivery has ended."""

# Also what the attempt says of the endpoint, unless nothing was asked of it.
settle = run("""
with settled as (
    update webhook_delivery
    set status = %(status)s,
        attempts = attempts + 1,
        response_status = %(response_status)s,
        failure = %(failure)s,
        delivered_at = case when %(status)s = 'delivered' then %(now)s else delivered_at end
    where tenant_id = current_tenant() and id = %(id)s
)
update webhook_endpoint
set failing_since = case when %(failure)s::text is null then null else coalesce(failing_since, %(now)s) end,
    active = active and %(disables)s::text is null,
    disabled_reason = coalesce(%(disables)s, disabled_reason)
where tenant_id = current_tenant()
    and id = %(endpoint_id)s
    and %(active)s
    and ((failing_since is null) <> (%(failure)s::text is null) or %(disables)s::text is not null)
""")
"""Note how an attempt ended."""

replay_one = column("""
update webhook_delivery
set status = 'queued', attempts = 0
where tenant_id = current_tenant() and endpoint_id = %(endpoint_id)s and id = %(delivery)s
returning id
""")
"""Make a delivery undelivered again; its id, if there is one."""

replay_since = column("""
insert into webhook_delivery (tenant_id, id, endpoint_id, outbox_id)
select current_tenant(), gen_random_uuid(), e.id, o.id
from webhook_endpoint e
join outbox o on o.tenant_id = e.tenant_id and (e.kinds = '{}' or o.kind = any(e.kinds))
where e.tenant_id = current_tenant() and e.id = %(endpoint_id)s and o.at >= %(since)s
order by o.id
limit 5000
on conflict (tenant_id, endpoint_id, outbox_id) do update
set status = 'queued', attempts = 0
returning id
""")
"""Make a delivery of each event since a time undelivered again; their ids, 5,000 at most."""
