-- Figures of each day, kept ready for dashboards.

-- A materialized view is filled as its owner, whom row-level security binds too; so the owner may read all rows,
-- and only while a refresh says that it is one.
create policy appointment_summary on appointment for select to booking_owner
    using (current_setting('app.refresh', true) = 'daily_summary');

-- What one appointment adds to the figures; here once for the summary and for the days that it has not yet.
-- A group's time is its session's and a further employee's is the companion's; what is booked are visits and seats.
create view appointment_figure with (security_invoker) as
select
    a.tenant_id,
    a.starts_at,
    (a.starts_at at time zone t.time_zone)::date as day,
    a.service_id,
    a.employee_id,
    a.customer_id,
    (a.kind in ('visit', 'seat'))::integer as appointments,
    (a.kind in ('visit', 'seat') and a.status = 'completed')::integer as completed,
    (a.kind in ('visit', 'seat') and a.status = 'cancelled')::integer as cancelled,
    (a.kind in ('visit', 'seat') and a.status = 'no_show')::integer as no_shows,
    case when a.status in ('confirmed', 'completed') then a.price_minor else 0 end as booked_minor,
    a.paid_minor,
    case
        when a.kind <> 'seat' and a.status <> 'cancelled' then extract(epoch from a.ends_at - a.starts_at)::integer / 60
        else 0
    end as busy_minutes
from appointment a
join tenant t on t.id = a.tenant_id
where a.status in ('confirmed', 'completed', 'cancelled', 'no_show');
grant select on appointment_figure to booking_app;

create materialized view daily_summary as
select
    tenant_id,
    day,
    service_id,
    employee_id,
    sum(appointments) as appointments,
    sum(completed) as completed,
    sum(cancelled) as cancelled,
    sum(no_shows) as no_shows,
    count(distinct customer_id) as customers,
    sum(booked_minor) as booked_minor,
    sum(paid_minor) as paid_minor,
    sum(busy_minutes) as busy_minutes
from appointment_figure
group by tenant_id, day, service_id, employee_id;
comment on materialized view daily_summary is 'One row a tenant, local day, service and employee';
create unique index daily_summary_key on daily_summary (tenant_id, day, service_id, employee_id);  -- refresh concurrently

-- A materialized view has no row-level security: the service reads it through this view only.
create view daily_summary_of_tenant with (security_barrier) as
select day, service_id, employee_id, appointments, completed, cancelled, no_shows, customers, booked_minor, paid_minor, busy_minutes
from daily_summary
where tenant_id = current_tenant();
grant select on daily_summary_of_tenant to booking_app;
grant maintain on daily_summary to booking_app;
