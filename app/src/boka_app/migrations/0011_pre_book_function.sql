-- Booking in one round trip. SQLSTATEs of its refusals, which the service's queries translate:
-- BK001 the key came with another request · BK002 decided on facts that changed since · BK003 taken · BK004 full that day
-- BK005 the hold is over
-- Locks are always taken in one order: key, customer, service and day, employee, appointments, audit.

create function claim_key(wanted_tenant uuid, wanted_key text, wanted_fingerprint bytea) returns jsonb
    language plpgsql
as $$
declare
    earlier idempotency_key;
begin
    perform pg_advisory_xact_lock(hashtextextended(wanted_key, hashtextextended(wanted_tenant::text, 0)));
    select * into earlier from idempotency_key k where k.tenant_id = wanted_tenant and k.key = wanted_key;
    if found and (earlier.fingerprint <> wanted_fingerprint or earlier.answer is null) then
        raise exception 'the key came with another request' using errcode = 'BK001';
    end if;
    return earlier.answer;
end
$$;
comment on function claim_key(uuid, text, bytea) is
    'Waits for another request with the key; the answer to repeat, or null for work to be done, whose answer is then inserted';

create function keep_customer(wanted_tenant uuid, details jsonb) returns uuid
    language plpgsql
as $$
declare
    known customer;
begin
    select * into known from customer c where c.tenant_id = wanted_tenant and c.email_key = lower(details ->> 'email');
    if found and (known.phone is not null or details ->> 'phone' is null) then
        return known.id;
    end if;
    -- What staff know stays: whoever types somebody's address must not be able to rename them.
    insert into customer as c (tenant_id, id, name, email, email_key, phone)
    values (
        wanted_tenant, gen_random_uuid(), details ->> 'name', details ->> 'email', lower(details ->> 'email'),
        details ->> 'phone'
    )
    on conflict (tenant_id, email_key) do update set phone = coalesce(c.phone, excluded.phone)
    returning c.id into known.id;
    return known.id;
end
$$;
comment on function keep_customer(uuid, jsonb) is 'The one customer with this e-mail address, made if there is none';

create function price_of(svc service, wanted_employee uuid, on_day date) returns integer
    language plpgsql
as $$
begin
    return coalesce((
        select p.price_minor
        from service_price p
        where p.tenant_id = svc.tenant_id and p.service_id = svc.id
            and coalesce(p.employee_id = wanted_employee, true)
            and coalesce(p.valid_from <= on_day, true) and coalesce(p.valid_until >= on_day, true)
        order by p.employee_id is null, coalesce(p.valid_until - p.valid_from, 1000000), p.id
        limit 1
    ), svc.price_minor);
end
$$;
comment on function price_of(service, uuid, date) is 'The narrowest price: of the employee before that of all, of fewer days before more';

create function insert_appointment(draft appointment) returns void
    language plpgsql
as $$
begin
    insert into appointment (
        tenant_id, id, service_id, employee_id, customer_id, starts_at, ends_at, occupied_from, occupied_until,
        status, kind, parent_id, seat_no, series_id, expires_at, source, notes, special_requests, price_minor, currency
    )
    values (
        draft.tenant_id, draft.id, draft.service_id, draft.employee_id, draft.customer_id, draft.starts_at,
        draft.ends_at, draft.occupied_from, draft.occupied_until, draft.status, draft.kind, draft.parent_id,
        draft.seat_no, draft.series_id, draft.expires_at, draft.source, draft.notes, draft.special_requests,
        draft.price_minor, draft.currency
    );
end
$$;
comment on function insert_appointment(appointment) is 'Inserts, or fails on no_double_booking';

create function facts_of(a appointment) returns jsonb
    language sql stable
    return jsonb_build_object(
        'status', a.status, 'service_id', a.service_id, 'employee_id', a.employee_id,
        'starts_at', a.starts_at, 'ends_at', a.ends_at, 'source', a.source
    );
comment on function facts_of(appointment) is 'What events tell of an appointment: ids and times, no person';

create function free_expired(draft appointment, at_now timestamptz) returns void
    language plpgsql
as $$
declare
    ended uuid[] := array(
        select coalesce(a.parent_id, a.id)
        from appointment a
        where a.tenant_id = draft.tenant_id and a.employee_id = draft.employee_id
            and a.occupied_from > draft.occupied_from - interval '1 day' and a.occupied_from < draft.occupied_until
            and a.occupied_until > draft.occupied_from
            and a.status in ('held', 'pending', 'confirmed')
            and a.kind <> 'seat'
            and (not is_live(a, at_now) or a.kind = 'session' and not exists (
                select 1
                from appointment seat
                where seat.tenant_id = a.tenant_id and seat.parent_id = a.id and is_live(seat, at_now)
            ))
    );
begin
    if cardinality(ended) = 0 then
        return;
    end if;
    with changed as (
        update appointment a
        set status = 'expired'
        where a.tenant_id = draft.tenant_id and (a.id = any(ended) or a.parent_id = any(ended))
            and a.status in ('held', 'pending', 'confirmed')
        returning a.*
    )
    insert into outbox (tenant_id, kind, subject_id, payload)
    select c.tenant_id, 'appointment.expired', c.id, facts_of(c)
    from changed c
    where c.kind in ('visit', 'seat');
end
$$;
comment on function free_expired(appointment, timestamptz) is
    'Ends what overlaps the draft at its employee and waited too long, companions and seats with it; the employee is locked';

create function take_seat(draft appointment, capacity integer, at_now timestamptz) returns appointment
    language plpgsql
as $$
begin
    select a.id into draft.parent_id
    from appointment a
    where a.tenant_id = draft.tenant_id and a.employee_id = draft.employee_id and a.service_id = draft.service_id
        and a.starts_at = draft.starts_at and a.occupied_from = draft.occupied_from
        and a.kind = 'session' and a.status = 'confirmed';
    if not found then
        return null;
    end if;
    update appointment seat
    set status = 'expired'
    where seat.tenant_id = draft.tenant_id and seat.parent_id = draft.parent_id
        and seat.status in ('held', 'pending') and seat.expires_at <= at_now;
    select min(n) into draft.seat_no
    from generate_series(1, capacity) as n
    where not exists (
        select 1
        from appointment seat
        where seat.tenant_id = draft.tenant_id and seat.parent_id = draft.parent_id and seat.seat_no = n
            and seat.kind = 'seat' and seat.status in ('held', 'pending', 'confirmed')
    );
    if draft.seat_no is null then
        raise exception 'every seat is taken' using errcode = 'BK003';
    end if;
    draft.kind := 'seat';
    perform insert_appointment(draft);
    return draft;
end
$$;
comment on function take_seat(appointment, integer, timestamptz) is
    'The lowest free seat of the session at this start, or null where there is no session; the employee is locked';

create function draft_of(ten tenant, svc service, start_at timestamptz, source text, held boolean, at_now timestamptz)
    returns appointment
    language plpgsql
as $$
declare
    draft appointment;
begin
    draft.tenant_id := ten.id;
    draft.id := gen_random_uuid();
    draft.service_id := svc.id;
    draft.starts_at := start_at;
    draft.ends_at := start_at + make_interval(mins => svc.duration_minutes);
    draft.occupied_from := start_at - make_interval(mins => svc.buffer_before_minutes);
    draft.occupied_until := draft.ends_at + make_interval(mins => svc.buffer_after_minutes);
    draft.kind := 'visit';
    draft.version := 1;
    draft.source := source;
    draft.notes := '';
    draft.special_requests := '';
    draft.price_minor := 0;
    draft.currency := svc.currency;
    -- Staff take the money as they like; from anybody else it comes before the slot is sure.
    draft.status := case when held then 'held' when svc.payment <> 'none' and source <> 'staff' then 'pending' else 'confirmed' end;
    if draft.status <> 'confirmed' then
        draft.expires_at := at_now + make_interval(mins => ten.hold_minutes);
    end if;
    return draft;
end
$$;
comment on function draft_of(tenant, service, timestamptz, text, boolean, timestamptz) is 'A visit at this start that nobody has yet';

create function place_with(draft appointment, svc service, zone text, at_now timestamptz) returns appointment
    language plpgsql
as $$
declare
    cap integer;
    local_day date := (draft.starts_at at time zone zone)::date;
    whole_day tstzrange := tstzrange(local_day::timestamp at time zone zone, (local_day + 1)::timestamp at time zone zone);
    seat appointment;
begin
    -- The lock that puts everybody who books this employee in line; the constraint stays the guard.
    update employee e
    set calendar_version = e.calendar_version + 1, last_assigned_at = clock_timestamp()
    where e.tenant_id = draft.tenant_id and e.id = draft.employee_id and e.active
    returning e.max_per_day into cap;
    if not found then
        raise exception 'the employee is gone' using errcode = 'BK002';
    end if;
    perform free_expired(draft, at_now);
    if draft.kind = 'visit' then
        draft.price_minor := price_of(svc, draft.employee_id, local_day);
    end if;
    if svc.capacity > 1 then
        seat := take_seat(draft, svc.capacity, at_now);
        if seat.id is not null then
            return seat;
        end if;
    end if;
    if exists (  -- read after the caller decided: a calendar elsewhere may have been synchronised meanwhile
        select 1
        from external_busy x
        where x.tenant_id = draft.tenant_id and x.employee_id = draft.employee_id
            and x.starts_at < draft.occupied_until and x.ends_at > draft.occupied_from
    ) then
        raise exception 'busy elsewhere' using errcode = 'BK003';
    end if;
    if cap is not null
        and cardinality(full_days(draft.tenant_id, null, draft.employee_id, zone, whole_day, cap, at_now)) > 0
        or svc.max_per_day is not null and draft.kind = 'visit'
        and cardinality(full_days(draft.tenant_id, svc.id, null, zone, whole_day, svc.max_per_day, at_now)) > 0
    then
        raise exception 'the day is full' using errcode = 'BK004';
    end if;
    if svc.capacity > 1 then
        seat := draft;
        seat.id := gen_random_uuid();
        seat.kind := 'session';
        seat.status := 'confirmed';
        seat.customer_id := null;
        seat.expires_at := null;
        seat.notes := '';
        seat.special_requests := '';
        seat.price_minor := 0;
        perform insert_appointment(seat);
        return take_seat(draft, svc.capacity, at_now);
    end if;
    perform insert_appointment(draft);
    return draft;
end
$$;
comment on function place_with(appointment, service, text, timestamptz) is
    'Gives the draft to its employee: as a visit, or as a seat of a session that is made if need be';

create function place_appointment(draft appointment, svc service, zone text, candidates uuid[], at_now timestamptz)
    returns appointment
    language plpgsql
as $$
declare
    placed appointment;
    attempt appointment;
    why text := 'BK003';
    candidate uuid;
begin
    if svc.max_per_day is not null then  -- counted over all employees, so their locks do not suffice
        perform pg_advisory_xact_lock(
            hashtextextended(svc.id::text, (draft.starts_at at time zone zone)::date - date '2000-01-01')
        );
    end if;
    foreach candidate in array candidates loop
        begin
            draft.employee_id := candidate;
            attempt := place_with(draft, svc, zone, at_now);
            if placed.id is null then
                placed := attempt;
            end if;
            exit when svc.assignment <> 'all';
            draft.parent_id := placed.id;  -- the first has the visit, the others accompany
            draft.id := gen_random_uuid();
            draft.kind := 'companion';
        exception
            when exclusion_violation or sqlstate 'BK003' or sqlstate 'BK004' then
                why := case sqlstate when 'BK004' then sqlstate else 'BK003' end;
                if svc.assignment = 'all' then
                    raise exception 'somebody is busy' using errcode = why;
                end if;
        end;
    end loop;
    if placed.id is null then
        raise exception 'nobody is free' using errcode = why;
    end if;
    return placed;
end
$$;
comment on function place_appointment(appointment, service, text, uuid[], timestamptz) is
    'Gives the draft to the first candidate who is free, or to all of them together; candidates of all are in the order of ids';

create function convert_hold(hold_id uuid, draft appointment, svc service, zone text, at_now timestamptz) returns appointment
    language plpgsql
as $$
declare
    placed appointment;
begin
    perform 1
    from employee e
    where e.tenant_id = draft.tenant_id
        and e.id in (
            select a.employee_id
            from appointment a
            where a.tenant_id = draft.tenant_id and (a.id = hold_id or a.parent_id = hold_id)
        )
    order by e.id
    for no key update;
    update appointment a
    set status = draft.status, expires_at = draft.expires_at, customer_id = draft.customer_id, source = draft.source,
        notes = draft.notes, special_requests = draft.special_requests
    where a.tenant_id = draft.tenant_id and (a.id = hold_id or a.parent_id = hold_id and a.kind = 'companion')
        and a.service_id = draft.service_id and a.starts_at = draft.starts_at
        and a.status = 'held' and a.expires_at > at_now;
    if not found then
        raise exception 'the hold is over' using errcode = 'BK005';
    end if;
    select * into placed from appointment a where a.tenant_id = draft.tenant_id and a.id = hold_id;
    return placed;
end
$$;
comment on function convert_hold(uuid, appointment, service, text, timestamptz) is 'Makes the held slot the appointment of the draft';

create function answer_of(placed appointment, ten tenant, svc service, employees uuid[]) returns jsonb
    language plpgsql
as $$
begin
    return (
        select jsonb_build_object(
            'appointment', jsonb_build_object(
                'id', placed.id, 'tenant_name', ten.name, 'service', svc.id, 'service_name', svc.name,
                'employee', placed.employee_id, 'employee_name', max(e.name) filter (where e.id = placed.employee_id),
                'starts_at', placed.starts_at, 'ends_at', placed.ends_at, 'time_zone', ten.time_zone,
                'status', placed.status, 'expires_at', placed.expires_at, 'price_minor', placed.price_minor,
                'currency', placed.currency, 'version', placed.version
            ),
            'versions', jsonb_object_agg(e.id, e.calendar_version)
        )
        from employee e
        where e.tenant_id = placed.tenant_id
            and e.id = any (case when svc.assignment = 'all' then employees else array[placed.employee_id] end)
    );
end
$$;
comment on function answer_of(appointment, tenant, service, uuid[]) is
    'The appointment as the service answers it, and the calendar versions that it moved';

create function note_booking(placed appointment) returns void
    language plpgsql
as $$
begin
    insert into outbox (tenant_id, kind, subject_id, payload)
    values (
        placed.tenant_id, case placed.status when 'held' then 'appointment.held' else 'appointment.booked' end,
        placed.id, facts_of(placed)
    );
    -- The audit last: its chain is locked until the commit.
    insert into audit (tenant_id, action, subject_id, request_id, actor_kind, actor_id)
    select
        placed.tenant_id, n.kind, n.subject_id, current_setting('app.request_id'),
        current_setting('app.actor_kind'), nullif(current_setting('app.actor_id'), '')::uuid
    from (
        select o.kind, o.subject_id
        from outbox o
        where o.tenant_id = placed.tenant_id and o.xid = pg_current_xact_id()
        order by o.id
    ) as n;
end
$$;
comment on function note_booking(appointment) is 'Tells of a booking, and audits it with what it made expire';

create function book_appointment_optimized(
    wanted_tenant uuid, customer jsonb, wanted_service uuid, candidates uuid[], start_at timestamptz,
    notes text default '', special_requests text default '', at_now timestamptz default now(),
    source text default 'web', known_catalog bigint default null, wanted_key text default null,
    wanted_fingerprint bytea default null, hold_id uuid default null, asker text[] default '{-,customer,""}'
) returns jsonb
    language plpgsql
as $$
declare
    ten tenant;
    svc service;
    draft appointment;
    answer jsonb;
begin
    perform
        set_config('app.tenant_id', wanted_tenant::text, true), set_config('app.request_id', asker[1], true),
        set_config('app.actor_kind', asker[2], true), set_config('app.actor_id', asker[3], true);
    if wanted_key is not null then
        answer := claim_key(wanted_tenant, wanted_key, wanted_fingerprint);
        if answer is not null then
            return jsonb_build_object('appointment', answer, 'versions', '{}'::jsonb, 'replayed', true);
        end if;
    end if;
    select * into ten from tenant t where t.id = wanted_tenant and t.active;
    select * into svc from service s where s.tenant_id = wanted_tenant and s.id = wanted_service and s.active;
    if ten.id is null or svc.id is null
        or known_catalog <> (select c.version from catalog_version c where c.tenant_id = wanted_tenant)
    then
        raise exception 'decided on facts that changed since' using errcode = 'BK002';
    end if;
    draft := draft_of(ten, svc, start_at, source, customer is null, at_now);
    draft.notes := notes;
    draft.special_requests := special_requests;
    if customer is not null then
        draft.customer_id := keep_customer(wanted_tenant, customer);
    end if;
    if hold_id is not null then
        draft := convert_hold(hold_id, draft, svc, ten.time_zone, at_now);
    else
        draft := place_appointment(draft, svc, ten.time_zone, candidates, at_now);
    end if;
    answer := answer_of(draft, ten, svc, candidates);
    if wanted_key is not null then
        insert into idempotency_key (tenant_id, key, fingerprint, answer)
        values (wanted_tenant, wanted_key, wanted_fingerprint, answer -> 'appointment');
    end if;
    perform note_booking(draft);
    return answer || '{"replayed": false}';
end
$$;
comment on function book_appointment_optimized(
    uuid, jsonb, uuid, uuid[], timestamptz, text, text, timestamptz, text, bigint, text, bytea, uuid, text[]
) is 'Enters a tenant and books, or without a customer holds, one start at the first of the candidates who is free';
