-- Figures of each day, kept ready for dashboards.

-- A materialized view is filled as its owner, whom row-level security binds too; so the owner may read all rows,
-- and only while a refresh says that it is one.
create policy appointment_summary on appointment for select to booking_owner
    using (current_setting('app.refresh', true) = 'daily_summary');

create materialized view daily_summary as
select
    a.tenant_id,
    (a.starts_at at time zone t.time_zone)::date as day,
    a.service_id,
    a.employee_id,
    count(*) as appointments,
    count(*) filter (where a.status = 'completed') as completed,
    count(*) filter (where a.status = 'cancelled') as cancelled,
    count(*) filter (where a.status = 'no_show') as no_shows,
    count(distinct a.customer_id) as customers,
    coalesce(sum(a.price_minor) filter (where a.status in ('confirmed', 'completed')), 0) as booked_minor,
    coalesce(sum(a.paid_minor), 0) as paid_minor,
    coalesce(
        sum(extract(epoch from a.ends_at - a.starts_at) / 60)
            filter (where a.status in ('confirmed', 'completed', 'no_show') and a.kind <> 'seat'), 0
    )::bigint as busy_minutes
from appointment a
join tenant t on t.id = a.tenant_id
where a.kind in ('visit', 'seat') and a.status in ('confirmed', 'completed', 'cancelled', 'no_show')
group by 1, 2, 3, 4;
comment on materialized view daily_summary is 'One row a tenant, local day, service and employee';
create unique index daily_summary_key on daily_summary (tenant_id, day, service_id, employee_id);  -- refresh concurrently

-- A materialized view has no row-level security: the service reads it through this view only.
create view daily_summary_of_tenant with (security_barrier) as
select day, service_id, employee_id, appointments, completed, cancelled, no_shows, customers, booked_minor, paid_minor, busy_minutes
from daily_summary
where tenant_id = current_tenant();
grant select on daily_summary_of_tenant to booking_app;
grant maintain on daily_summary to booking_app;
