-- Reading calendars and booking, one round trip each; and the numbers that tell whether a copy of either is still true.

create table catalog_version (
    tenant_id uuid not null,
    version bigint not null default 1,
    xid xid8 not null default pg_current_xact_id(),
    constraint catalog_version_pkey primary key (tenant_id),
    constraint catalog_version_tenant_fkey foreign key (tenant_id) references tenant (id) on delete cascade
);
comment on table catalog_version is 'Grows with every change of hours, services, people, prices, time off and settings of a tenant';
comment on column catalog_version.xid is 'Who changed it last: a transaction of a thousand rows counts once';
select protect_tenant_table('catalog_version');

create function bump_catalog() returns trigger
    language plpgsql
as $$
declare
    row_now jsonb := to_jsonb(case when tg_op = 'DELETE' then old else new end);
begin
    insert into catalog_version as c (tenant_id)
    select t.id
    from tenant t
    where t.id = coalesce(row_now ->> 'tenant_id', row_now ->> 'id')::uuid  -- nothing when the tenant itself goes
    on conflict (tenant_id) do update set version = c.version + 1, xid = default
    where c.xid <> pg_current_xact_id();
    return null;
end
$$;
comment on function bump_catalog() is 'After each change of what is offered and when';
do $$
declare
    name text;
begin
    foreach name in array array[
        'tenant', 'service', 'service_price', 'employee_service', 'availability_rule', 'availability_exception', 'blocked_slot'
    ] loop
        execute format(
            'create trigger %I after insert or update or delete on %I for each row execute function bump_catalog()',
            name || '_in_catalog', name
        );
    end loop;
end
$$;
create trigger employee_in_catalog after insert or delete or update of name, active, max_per_day on employee
    for each row execute function bump_catalog();  -- not of the calendar, which every booking moves
insert into catalog_version (tenant_id) select id from tenant;

create function move_calendar() returns trigger
    language plpgsql
as $$
begin
    update employee
    set calendar_version = calendar_version + 1
    where tenant_id = old.tenant_id and id in (old.employee_id, new.employee_id);
    return null;
end
$$;
comment on function move_calendar() is 'After a visit or a busy time elsewhere changed; new ones of ours move it themselves';
create trigger appointment_moves_calendar after update of status, occupied_from, occupied_until, employee_id on appointment
    for each row when (
        (old.status, old.occupied_from, old.occupied_until, old.employee_id)
        is distinct from (new.status, new.occupied_from, new.occupied_until, new.employee_id)
    ) execute function move_calendar();

-- Slot search and daily caps, from the index alone: visits lie in the table as they were booked, one a page. Seats share
-- their session's time and are found through it.
drop index appointment_busy;
create index appointment_busy on appointment (tenant_id, employee_id, occupied_from)
    include (occupied_until, starts_at, status, kind, expires_at, service_id, id, parent_id)
    where status in ('held', 'pending', 'confirmed', 'completed') and kind <> 'seat';

create function is_live(a appointment, at_now timestamptz) returns boolean
    language sql immutable parallel safe
    return a.status = 'confirmed' or (a.status in ('held', 'pending') and coalesce(a.expires_at > at_now, true));
comment on function is_live(appointment, timestamptz) is 'Whether it keeps its time from others; what expired does not';

create function cells(begins timestamptz, ends timestamptz) returns integer[]
    language sql stable parallel safe
    return array[floor(date_part('epoch', begins) / 300)::integer, ceil(date_part('epoch', ends) / 300)::integer];
comment on function cells(timestamptz, timestamptz) is 'First and past-last 5-minute cell of a time, counted from 1970: the grid of the slot search';

create function full_days(
    wanted_tenant uuid, wanted_service uuid, wanted_employee uuid, zone text, span tstzrange, cap integer,
    at_now timestamptz, except_id uuid default null
) returns integer[]
    language plpgsql
as $$
begin
    return array(
        select (a.starts_at at time zone zone)::date - date '0001-01-01' + 1
        from appointment a
        where a.tenant_id = wanted_tenant
            and (wanted_service is null or a.service_id = wanted_service)
            and (wanted_employee is null or a.employee_id = wanted_employee)
            and a.starts_at >= lower(span) and a.starts_at < upper(span)
            and a.occupied_from > lower(span) - interval '1 day' and a.occupied_from < upper(span)
            and a.status in ('held', 'pending', 'confirmed', 'completed')
            and a.kind <> 'seat'
            and (wanted_service is null or a.kind <> 'companion')
            and (a.status = 'completed' or is_live(a, at_now))
            and (except_id is null or except_id not in (a.id, coalesce(a.parent_id, a.id)))
        group by 1
        having count(*) >= cap
    );
end
$$;
comment on function full_days(uuid, uuid, uuid, text, tstzrange, integer, timestamptz, uuid) is
    'Local dates (proleptic ordinals) on which a service, or else an employee, has as many starts as it may';

create function busy_times(
    e employee, svc service, span tstzrange, at_now timestamptz, except_id uuid,
    out busy integer[], out sessions integer[], out expires_at timestamptz
)
    language plpgsql
as $$
begin
    select
        array_agg(cells(a.occupied_from, a.occupied_until)),
        array_agg(array[floor(date_part('epoch', a.starts_at) / 300)::integer, a.taken]) filter (where a.service_id = svc.id and a.taken > 0),
        min(a.free_at)
    into busy, sessions, expires_at
    from (
        select v.occupied_from, v.occupied_until, v.starts_at, v.service_id, s.taken, least(v.expires_at, s.free_at) as free_at
        from appointment v
        left join lateral (
            select count(*)::integer as taken, min(c.expires_at) filter (where c.status <> 'confirmed') as free_at
            from appointment c
            where v.kind = 'session' and c.tenant_id = v.tenant_id and c.parent_id = v.id
                and c.kind = 'seat' and is_live(c, at_now) and c.id is distinct from except_id
        ) s on v.kind = 'session'
        where v.tenant_id = e.tenant_id
            and v.employee_id = e.id
            and v.occupied_from > lower(span) - interval '1 day' and v.occupied_from < upper(span)
            and v.occupied_until > lower(span)
            and v.status in ('held', 'pending', 'confirmed')
            and v.kind <> 'seat'
            and is_live(v, at_now)
            and (except_id is null or except_id not in (v.id, coalesce(v.parent_id, v.id)))
            and coalesce(s.taken > 0, true)
    ) a;
end
$$;
comment on function busy_times(employee, service, tstzrange, timestamptz, uuid) is
    'Times an employee has appointments, in cells; starts and taken seats of the service''s groups; when the first of them may end';

create function calendars_of(
    svc service, wanted_employee uuid, zone text, span tstzrange, at_now timestamptz, except_id uuid
) returns json
    language plpgsql
as $$
begin
    return (
        select json_agg(json_build_object(
            'employee_id', e.id,
            'version', e.calendar_version,
            'last_assigned_at', coalesce(date_part('epoch', e.last_assigned_at), 0),
            'rules', array(
                select array[r.weekday, r.opens_minute, r.closes_minute]
                from availability_rule r
                where r.tenant_id = e.tenant_id and r.employee_id = e.id
            ),
            'exceptions', array(
                select array[x.on_date - date '0001-01-01' + 1, x.opens_minute, x.closes_minute]
                from availability_exception x
                where x.tenant_id = e.tenant_id
                    and x.employee_id = e.id
                    and x.on_date between lower(span)::date - 1 and upper(span)::date + 1
            ),
            'full_days', case when e.max_per_day is null then '{}'
                else full_days(e.tenant_id, null, e.id, zone, span, e.max_per_day, at_now, except_id) end,
            'busy', coalesce(v.busy, '{}'),
            'sessions', coalesce(v.sessions, '{}'),
            'expires_at', v.expires_at,
            'away', array(
                select cells(b.starts_at, b.ends_at)
                from blocked_slot b
                where b.tenant_id = e.tenant_id and b.employee_id = e.id
                    and b.starts_at > lower(span) - interval '366 days' and b.starts_at < upper(span)
                    and b.ends_at > lower(span)
                union all
                select cells(x.starts_at, x.ends_at)
                from external_busy x
                where x.tenant_id = e.tenant_id and x.employee_id = e.id
                    and x.starts_at < upper(span) and x.ends_at > lower(span)
            )
        ) order by e.id)
        from employee_service es
        join employee e on e.tenant_id = es.tenant_id and e.id = es.employee_id and e.active
        cross join lateral busy_times(e, svc, span, at_now, except_id) v
        where es.tenant_id = svc.tenant_id
            and es.service_id = svc.id
            and (wanted_employee is null or e.id = wanted_employee)
    );
end
$$;
comment on function calendars_of(service, uuid, text, tstzrange, timestamptz, uuid) is
    'The calendars of all who perform a service, or of the one asked for, as JSON; null for nobody';

create function get_optimized_availability(
    wanted_tenant uuid, first_date date, wanted_service uuid, wanted_employee uuid default null,
    day_count integer default 1, at_now timestamptz default now(), tenant_slug text default null,
    except_id uuid default null
) returns json
    language plpgsql
as $$
declare
    ten tenant;
    svc service;
    span tstzrange;
begin
    if wanted_tenant is null then
        select * into ten from tenant t where t.slug = tenant_slug and t.active;
    else
        select * into ten from tenant t where t.id = wanted_tenant and t.active;
    end if;
    perform set_config('app.tenant_id', coalesce(ten.id::text, ''), true);
    select * into svc from service s where s.tenant_id = ten.id and s.id = wanted_service and s.active;
    span := tstzrange(  -- all that can touch these local dates: a day more on both sides
        (first_date::timestamp at time zone ten.time_zone) - interval '1 day',
        ((first_date + day_count)::timestamp at time zone ten.time_zone) + interval '1 day'
    );
    return json_build_object(
        'tenant', case when ten.id is not null then row_to_json(ten) end,
        'service', case when svc.id is not null then row_to_json(svc) end,
        'calendars', coalesce(calendars_of(svc, wanted_employee, ten.time_zone, span, at_now, except_id), '[]'),
        'full_days', case when svc.max_per_day is null then '{}'
            else full_days(ten.id, svc.id, null, ten.time_zone, span, svc.max_per_day, at_now, except_id) end,
        'closed', array(
            select cells(b.starts_at, b.ends_at)
            from blocked_slot b
            where b.tenant_id = ten.id and b.employee_id is null
                and b.starts_at > lower(span) - interval '366 days' and b.starts_at < upper(span)
                and b.ends_at > lower(span)
        ),
        'catalog_version', coalesce((select c.version from catalog_version c where c.tenant_id = ten.id), 0)
    );
end
$$;
comment on function get_optimized_availability(uuid, date, uuid, uuid, integer, timestamptz, text, uuid) is
    'Enters a tenant, by id or else by slug, and returns all that decides when a service can be booked on some dates';
