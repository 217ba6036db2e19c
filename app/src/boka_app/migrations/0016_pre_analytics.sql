-- Figures for dashboards: of a tenant, and for the platform of all.

create function get_dashboard_analytics(of_tenant uuid, first_day date, last_day date)
    returns table (
        day date, service_id uuid, employee_id uuid, appointments bigint, completed bigint, cancelled bigint,
        no_shows bigint, booked_minor bigint, paid_minor bigint, busy_minutes bigint
    )
    language sql stable
begin atomic
    with here as (
        select
            (now() at time zone t.time_zone)::date as today,
            greatest(first_day, (now() at time zone t.time_zone)::date)::timestamp at time zone t.time_zone as live_from,
            (last_day + 1)::timestamp at time zone t.time_zone as live_until
        from tenant t
        where t.id = of_tenant and t.id = current_tenant()
    )
    select
        s.day, s.service_id, s.employee_id, s.appointments, s.completed, s.cancelled,
        s.no_shows, s.booked_minor, s.paid_minor, s.busy_minutes
    from daily_summary_of_tenant s
    where s.day between first_day and (select least(last_day, today - 1) from here)
    union all
    -- Bounds come as values: a time zone's conversion may not look into rows before row-level security has, so
    -- written into the condition it would keep the index from being used.
    select
        f.day, f.service_id, f.employee_id, sum(f.appointments), sum(f.completed), sum(f.cancelled),
        sum(f.no_shows), sum(f.booked_minor), sum(f.paid_minor), sum(f.busy_minutes)
    from appointment_figure f
    where f.tenant_id = current_tenant()
        and f.starts_at >= (select live_from from here)
        and f.starts_at < (select live_until from here)
    group by f.day, f.service_id, f.employee_id;
end;
comment on function get_dashboard_analytics(uuid, date, date) is
    'One row a day, service and employee: past days as of the last refresh of daily_summary, today and later as of now';

-- Runs as the owner, who may read the summary of all tenants; answers the platform only.
create function get_business_metrics(first_day date, last_day date)
    returns table (
        slug text, name text, currency text, appointments bigint, completed bigint, cancelled bigint,
        no_shows bigint, booked_minor bigint, paid_minor bigint
    )
    language sql stable security definer set search_path = pg_catalog, public, pg_temp
begin atomic
    select
        t.slug, t.name, t.currency, coalesce(sum(s.appointments), 0)::bigint, coalesce(sum(s.completed), 0)::bigint,
        coalesce(sum(s.cancelled), 0)::bigint, coalesce(sum(s.no_shows), 0)::bigint,
        coalesce(sum(s.booked_minor), 0)::bigint, coalesce(sum(s.paid_minor), 0)::bigint
    from tenant t
    left join daily_summary s on s.tenant_id = t.id and s.day between first_day and last_day
    where current_tenant() = '00000000-0000-0000-0000-000000000000' and t.active
    group by t.slug, t.name, t.currency
    order by t.slug;
end;
comment on function get_business_metrics(date, date) is 'Figures of every tenant as of the last refresh; no row outside the platform''s transactions';
revoke all on function get_business_metrics(date, date) from public;
grant execute on function get_business_metrics(date, date) to booking_app;
