-- Moving an appointment, and placing one of a series or of the waitlist: what booking does, in the order in which booking locks.
-- SQLSTATEs are those of place_appointment: BK003 taken · BK004 full that day

create function lock_for_placing(svc service, wanted_employee uuid, also uuid[], days date[]) returns void
    language plpgsql
as $$
begin
    if svc.max_per_day is not null then
        perform pg_advisory_xact_lock(hashtextextended(svc.id::text, day - date '2000-01-01'))
        from (select distinct unnest(days) as day order by day) as each_day;
    end if;
    perform 1
    from employee e
    where e.tenant_id = svc.tenant_id
        and (
            e.id = any(also)
            or (wanted_employee is null or e.id = wanted_employee) and exists (
                select 1
                from employee_service es
                where es.tenant_id = e.tenant_id and es.service_id = svc.id and es.employee_id = e.id
            )
        )
    order by e.id
    for no key update;
end
$$;
comment on function lock_for_placing(service, uuid, uuid[], date[]) is
    'Takes what placing takes, all of it at once and in its order: the service''s days, then employees by id';

create function release_appointment(released appointment, at_now timestamptz) returns void
    language plpgsql
as $$
begin
    update appointment a
    set status = 'expired'
    where a.tenant_id = released.tenant_id
        and (a.id = released.id or (a.parent_id = released.id and a.kind = 'companion'))
        and a.status in ('held', 'pending', 'confirmed');
    delete from appointment a
    where a.tenant_id = released.tenant_id and a.parent_id = released.id and a.kind = 'companion';
    update appointment session
    set status = 'cancelled', cancelled_at = at_now, cancelled_by = 'system'
    where session.tenant_id = released.tenant_id
        and session.id = released.parent_id
        and session.status = 'confirmed'
        and not exists (
            select 1
            from appointment seat
            where seat.tenant_id = session.tenant_id
                and seat.parent_id = session.id
                and seat.status in ('held', 'pending', 'confirmed')
        );
end
$$;
comment on function release_appointment(appointment, timestamptz) is
    'Frees its time, its companions'' and its session''s, for the rest of a transaction that gives it another';

create function move_appointment(moved_id uuid, to_start timestamptz, candidates uuid[], at_now timestamptz) returns void
    language plpgsql
as $$
declare
    ten tenant;
    moved appointment;
    svc service;
    draft appointment;
    placed appointment;
begin
    select * into strict ten from tenant t where t.id = current_tenant();
    select * into strict moved from appointment a where a.tenant_id = ten.id and a.id = moved_id;
    select * into strict svc from service s where s.tenant_id = ten.id and s.id = moved.service_id;
    perform release_appointment(moved, at_now);
    draft := draft_of(ten, svc, to_start, moved.source, false, at_now);
    draft.customer_id := moved.customer_id;
    draft.status := moved.status;
    draft.expires_at := moved.expires_at;
    perform place_appointment(draft, svc, ten.time_zone, candidates, at_now);
    -- The row keeps its id, and takes over the place that was found for the draft.
    select * into strict placed from appointment a where a.tenant_id = ten.id and a.id = draft.id;
    update appointment a
    set parent_id = moved.id
    where a.tenant_id = ten.id and a.parent_id = draft.id and a.kind = 'companion';
    delete from appointment a where a.tenant_id = ten.id and a.id = draft.id;
    update appointment a
    set status = moved.status, kind = placed.kind, employee_id = placed.employee_id, starts_at = placed.starts_at,
        ends_at = placed.ends_at, occupied_from = placed.occupied_from, occupied_until = placed.occupied_until,
        parent_id = placed.parent_id, seat_no = placed.seat_no, reschedules = a.reschedules + 1
    where a.tenant_id = ten.id and a.id = moved.id;
end
$$;
comment on function move_appointment(uuid, timestamptz, uuid[], timestamptz) is
    'Gives an appointment, locked by the caller, the first of the candidates who is free at another start; or fails and changes nothing';

create function hold_visit(
    wanted_service uuid, to_start timestamptz, for_customer uuid, held_until timestamptz,
    candidates uuid[], at_now timestamptz
) returns uuid
    language plpgsql
as $$
declare
    ten tenant;
    svc service;
    draft appointment;
begin
    select * into strict ten from tenant t where t.id = current_tenant();
    select * into strict svc from service s where s.tenant_id = ten.id and s.id = wanted_service;
    draft := draft_of(ten, svc, to_start, 'web', true, at_now);
    draft.customer_id := for_customer;
    draft.expires_at := held_until;
    perform place_appointment(draft, svc, ten.time_zone, candidates, at_now);
    return draft.id;
end
$$;
comment on function hold_visit(uuid, timestamptz, uuid, timestamptz, uuid[], timestamptz) is
    'Holds a start for a customer, with the first of the candidates who is free; whoever calls it notes and tells of it';

create function place_series(
    wanted_series uuid, starts timestamptz[], candidates jsonb, known_catalog bigint, at_now timestamptz
) returns text[]
    language plpgsql
as $$
declare
    ten tenant;
    svc service;
    series booking_series;
    draft appointment;
    refusals text[];
begin
    select * into strict ten from tenant t where t.id = current_tenant();
    select * into strict series from booking_series b where b.tenant_id = ten.id and b.id = wanted_series;
    select * into strict svc from service s where s.tenant_id = ten.id and s.id = series.service_id;
    perform lock_for_placing(
        svc, '00000000-0000-0000-0000-000000000000', array(select jsonb_array_elements_text(one)::uuid from jsonb_array_elements(candidates) as one),
        array(select (s at time zone ten.time_zone)::date from unnest(starts) as s)
    );
    if known_catalog <> (select c.version from catalog_version c where c.tenant_id = ten.id) then
        raise exception 'decided on facts that changed since' using errcode = 'BK002';
    end if;
    for n in 1 .. cardinality(starts) loop
        begin
            draft := draft_of(ten, svc, starts[n], 'web', false, at_now);
            draft.customer_id := series.customer_id;
            draft.series_id := series.id;
            perform place_appointment(
                draft, svc, ten.time_zone, array(select jsonb_array_elements_text(candidates -> n - 1)::uuid), at_now
            );
            refusals[n] := '';
        exception
            when sqlstate 'BK003' or sqlstate 'BK004' then
                refusals[n] := sqlstate;
        end;
    end loop;
    return refusals;
end
$$;
comment on function place_series(uuid, timestamptz[], jsonb, bigint, timestamptz) is
    'Books each start with the first of its candidates who is free; for each the SQLSTATE of its refusal, or nothing';

create function note_series(wanted_series uuid) returns void
    language sql
begin atomic
    insert into outbox (tenant_id, kind, subject_id, payload)
    select a.tenant_id, 'appointment.booked', a.id, facts_of(a)
    from appointment a
    where a.tenant_id = current_tenant() and a.series_id = wanted_series and a.kind in ('visit', 'seat')
    order by a.starts_at;
    insert into audit (tenant_id, action, subject_id, request_id, actor_kind, actor_id)
    select
        current_tenant(), n.kind, n.subject_id, current_setting('app.request_id'), current_setting('app.actor_kind'),
        nullif(current_setting('app.actor_id'), '')::uuid
    from (
        select o.id, o.kind, o.subject_id
        from outbox o
        where o.tenant_id = current_tenant() and o.xid = pg_current_xact_id()
        union all
        select null, 'series.booked', wanted_series
        order by 1
    ) as n;
end;
comment on function note_series(uuid) is 'Tells of the visits of a series, and audits them with what they made expire';

create function accept_hold(held_id uuid, at_now timestamptz) returns boolean
    language plpgsql
as $$
declare
    ten tenant;
    svc service;
    held appointment;
    draft appointment;
begin
    select * into strict ten from tenant t where t.id = current_tenant();
    select * into strict held from appointment a where a.tenant_id = ten.id and a.id = held_id;
    select * into strict svc from service s where s.tenant_id = ten.id and s.id = held.service_id;
    draft := draft_of(ten, svc, held.starts_at, held.source, false, at_now);
    update appointment a
    set status = draft.status, expires_at = draft.expires_at
    where a.tenant_id = ten.id and (a.id = held_id or a.parent_id = held_id and a.kind = 'companion')
        and a.status = 'held' and a.expires_at > at_now;
    return found;
end
$$;
comment on function accept_hold(uuid, timestamptz) is 'Books what is held for a customer, locked by the caller; false when it is over';

create function note_expired() returns void
    language sql
begin atomic
    insert into audit (tenant_id, action, subject_id, request_id, actor_kind, actor_id)
    select
        o.tenant_id, o.kind, o.subject_id, current_setting('app.request_id'), current_setting('app.actor_kind'),
        nullif(current_setting('app.actor_id'), '')::uuid
    from outbox o
    where o.tenant_id = current_tenant() and o.xid = pg_current_xact_id() and o.kind = 'appointment.expired'
    order by o.id;
end;
comment on function note_expired() is 'Audits what placing made expire in this transaction; once, before its other entries';

create index waitlist_entry_appointment on waitlist_entry (tenant_id, appointment_id)
    where appointment_id is not null;  -- whose offer an appointment is
