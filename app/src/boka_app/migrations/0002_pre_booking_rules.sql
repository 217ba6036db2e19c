-- What a business decides about its bookings: policies, seats, holds, series, a waitlist; and rows that know their version.

create function touch_row() returns trigger
    language plpgsql
as $$
begin
    new.updated_at := now();
    new.version := old.version + 1;
    return new;
end
$$;
comment on function touch_row() is 'Before each update: the time, and the version that ETags show';

create function protect_tenant_table(name regclass) returns void
    language plpgsql
as $$
begin
    execute format('alter table %s enable row level security', name);
    execute format('alter table %s force row level security', name);
    execute format(
        'create policy %I on %s using (tenant_id = current_tenant()) with check (tenant_id = current_tenant())',
        trim('"' from name::text) || '_of_tenant', name
    );
    execute format('grant select, insert, update, delete on %s to booking_app', name);
end
$$;
comment on function protect_tenant_table(regclass) is 'Row-level security, forced, and the grants of a table of tenants';

alter table tenant
    add column host_name text,
    add column locale text not null default 'en',
    add column currency text not null default 'EUR',
    add column contact_email text,
    add column active boolean not null default true,
    add column hold_minutes integer not null default 5,
    add column cancel_until_minutes integer not null default 0,
    add column cancel_fee_percent integer not null default 0,
    add column reschedule_until_minutes integer not null default 0,
    add column reschedule_limit integer,
    add column no_show_fee_percent integer not null default 0,
    add column version bigint not null default 1,
    add column updated_at timestamptz not null default now(),
    add constraint tenant_host_name_unique unique (host_name),
    add constraint tenant_host_name_form check (host_name ~ '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$'),
    add constraint tenant_locale_form check (locale ~ '^[a-z]{2}(-[A-Z]{2})?$'),
    add constraint tenant_currency_form check (currency ~ '^[A-Z]{3}$'),
    add constraint tenant_hold_range check (hold_minutes between 1 and 60),
    add constraint tenant_cancel_until_range check (cancel_until_minutes between 0 and 43200),
    add constraint tenant_cancel_fee_range check (cancel_fee_percent between 0 and 100),
    add constraint tenant_reschedule_until_range check (reschedule_until_minutes between 0 and 43200),
    add constraint tenant_reschedule_limit_range check (reschedule_limit between 0 and 100),
    add constraint tenant_no_show_fee_range check (no_show_fee_percent between 0 and 100);
comment on column tenant.host_name is 'A name of its own that leads to its pages, besides /b/{slug}';
comment on column tenant.cancel_until_minutes is 'Until this long before the start cancelling is free; after it costs cancel_fee_percent';
comment on column tenant.reschedule_until_minutes is 'Until this long before the start the customer may move the visit';
create trigger tenant_touch before update on tenant for each row execute function touch_row();

alter table service
    add column description text not null default '',
    add column category text,
    add column position integer not null default 0,
    add column capacity integer not null default 1,
    add column assignment text not null default 'any',
    add column min_notice_minutes integer,
    add column horizon_days integer,
    add column max_per_day integer,
    add column payment text not null default 'none',
    add column deposit_minor integer not null default 0,
    add column version bigint not null default 1,
    add column updated_at timestamptz not null default now(),
    add column search tsvector generated always as (to_tsvector('simple', name || ' ' || description)) stored,
    add constraint service_description_length check (length(description) <= 4000),
    add constraint service_capacity_range check (capacity between 1 and 500),
    add constraint service_assignment_known check (assignment in ('any', 'round_robin', 'all')),
    add constraint service_group_has_one_leader check (capacity = 1 or assignment <> 'all'),
    add constraint service_notice_range check (min_notice_minutes between 0 and 43200),
    add constraint service_horizon_range check (horizon_days between 1 and 730),
    add constraint service_cap_range check (max_per_day between 1 and 1000),
    add constraint service_payment_known check (payment in ('none', 'deposit', 'full')),
    add constraint service_deposit_range check (deposit_minor between 0 and price_minor),
    add constraint service_payment_has_amount check (
        payment = 'none' or (payment = 'deposit' and deposit_minor > 0) or (payment = 'full' and price_minor > 0)
    );
comment on column service.capacity is 'Seats of one start; above 1 the service is a group';
comment on column service.assignment is 'any: who is least busy; round_robin: whose turn it is; all: everybody who performs it, at once';
comment on column service.min_notice_minutes is 'Instead of the tenant''s, as is horizon_days';
comment on column service.max_per_day is 'Starts of it that the tenant takes on one local date';
comment on column service.payment is 'What must be paid before the booking is confirmed';
create trigger service_touch before update on service for each row execute function touch_row();
create index service_offer on service (tenant_id, position, name) where active;  -- the public list
create index service_search on service using gin (search);  -- search by word

create table service_price (
    tenant_id uuid not null,
    id uuid not null,
    service_id uuid not null,
    employee_id uuid,
    price_minor integer not null,
    valid_from date,
    valid_until date,
    constraint service_price_pkey primary key (tenant_id, id),
    constraint service_price_service_fkey foreign key (tenant_id, service_id)
        references service (tenant_id, id) on delete cascade,
    constraint service_price_employee_fkey foreign key (tenant_id, employee_id)
        references employee (tenant_id, id) on delete cascade,
    constraint service_price_positive check (price_minor >= 0),
    constraint service_price_span check (valid_from <= valid_until)
);
comment on table service_price is 'A price that replaces the service''s for one employee, a span of dates, or both; the narrowest counts';
create index service_price_service on service_price (tenant_id, service_id);  -- pricing a booking
select protect_tenant_table('service_price');

alter table employee
    add column email text,
    add column max_per_day integer,
    add column calendar_version bigint not null default 0,
    add column last_assigned_at timestamptz,
    add column version bigint not null default 1,
    add column updated_at timestamptz not null default now(),
    add constraint employee_email_length check (length(email) between 3 and 254),
    add constraint employee_cap_range check (max_per_day between 1 and 200);
comment on column employee.calendar_version is 'Grows with every change of the calendar; cached answers and their ETags are made of it';
comment on column employee.last_assigned_at is 'Round robin: whoever waited longest is next';

-- A booking moves only the calendar, which is no edit of the employee: the version that ETags show stays.
create trigger employee_touch before update of name, active, email, max_per_day on employee
    for each row execute function touch_row();

create table blocked_slot (
    tenant_id uuid not null,
    id uuid not null,
    employee_id uuid,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    reason text not null default '',
    created_at timestamptz not null default now(),
    version bigint not null default 1,
    updated_at timestamptz not null default now(),
    constraint blocked_slot_pkey primary key (tenant_id, id),
    constraint blocked_slot_employee_fkey foreign key (tenant_id, employee_id)
        references employee (tenant_id, id) on delete cascade,
    constraint blocked_slot_tenant_fkey foreign key (tenant_id) references tenant (id) on delete cascade,
    constraint blocked_slot_span check (starts_at < ends_at and ends_at - starts_at <= interval '366 days'),
    constraint blocked_slot_reason_length check (length(reason) <= 200)
);
comment on table blocked_slot is 'Time off: of one employee, or of all where employee_id is null';
create trigger blocked_slot_touch before update on blocked_slot for each row execute function touch_row();
create index blocked_slot_employee on blocked_slot (tenant_id, employee_id, starts_at);  -- slot search
select protect_tenant_table('blocked_slot');

-- email_key is what makes a returning customer one row; null on rows that releases before this one wrote.
alter table customer
    add column email_key text,
    add column locale text,
    add column time_zone text,
    add column notes text not null default '',
    add column unsubscribed_at timestamptz,
    add column erased_at timestamptz,
    add column version bigint not null default 1,
    add column updated_at timestamptz not null default now(),
    add column search tsvector generated always as (
        to_tsvector('simple', name || ' ' || translate(email, '@.', '  ') || ' ' || coalesce(phone, ''))
    ) stored,
    add constraint customer_email_key_unique unique (tenant_id, email_key),
    add constraint customer_email_key_form check (email_key = lower(email_key));
create trigger customer_touch before update on customer for each row execute function touch_row();
create index customer_search on customer using gin (search);  -- staff look somebody up
create index customer_page on customer (tenant_id, created_at desc, id desc);  -- the customers list, page by page

create table booking_series (
    tenant_id uuid not null,
    id uuid not null,
    service_id uuid not null,
    customer_id uuid not null,
    every_days integer not null,
    occurrences integer not null,
    created_at timestamptz not null default now(),
    constraint booking_series_pkey primary key (tenant_id, id),
    constraint booking_series_service_fkey foreign key (tenant_id, service_id) references service (tenant_id, id),
    constraint booking_series_customer_fkey foreign key (tenant_id, customer_id) references customer (tenant_id, id),
    constraint booking_series_every_range check (every_days between 1 and 366),
    constraint booking_series_length check (occurrences between 2 and 60)
);
comment on table booking_series is 'Visits booked together, at the same local time every so many days';
create index booking_series_customer on booking_series (tenant_id, customer_id);  -- a person's data
select protect_tenant_table('booking_series');

alter table appointment
    alter column customer_id drop not null,
    add column kind text not null default 'visit',
    add column parent_id uuid,
    add column seat_no integer,
    add column series_id uuid,
    add column expires_at timestamptz,
    add column source text not null default 'web',
    add column notes text not null default '',
    add column special_requests text not null default '',
    add column price_minor integer not null default 0,
    add column currency text not null default 'EUR',
    add column paid_minor integer not null default 0,
    add column fee_minor integer not null default 0,
    add column reschedules integer not null default 0,
    add column cancelled_by text,
    add column cancel_reason text not null default '',
    add column completed_at timestamptz,
    add column version bigint not null default 1,
    add column updated_at timestamptz not null default now(),
    add constraint appointment_parent_fkey foreign key (tenant_id, parent_id) references appointment (tenant_id, id),
    add constraint appointment_series_fkey foreign key (tenant_id, series_id) references booking_series (tenant_id, id),
    add constraint appointment_kind_known check (kind in ('visit', 'session', 'seat', 'companion')),
    add constraint appointment_kind_parts check (
        (kind in ('seat', 'companion')) = (parent_id is not null) and (kind = 'seat') = (seat_no is not null)
    ),
    add constraint appointment_customer_known check (
        customer_id is not null or kind in ('session', 'companion') or status in ('held', 'expired')
    ),
    add constraint appointment_hold_expires check (status <> 'held' or expires_at is not null),
    add constraint appointment_source_known check (source in ('web', 'api', 'staff', 'import')),
    add constraint appointment_notes_length check (length(notes) <= 2000 and length(special_requests) <= 2000),
    add constraint appointment_money check (price_minor >= 0 and paid_minor >= 0 and fee_minor >= 0),
    add constraint appointment_cancelled_by_known check (cancelled_by in ('customer', 'staff', 'system'));
comment on column appointment.kind is 'visit: one customer; session: a group''s time, which seats share; companion: a further employee of a visit';
comment on column appointment.parent_id is 'The session of a seat, the visit of a companion';
comment on column appointment.expires_at is 'When a held slot, or a pending one that waits for its payment, is free again';
create trigger appointment_touch before update on appointment for each row execute function touch_row();

-- Seats share their session's time, so they stay out of the guard; the session itself is in it.
alter table appointment
    drop constraint no_double_booking,
    add constraint no_double_booking exclude using gist (
        tenant_id with =,
        employee_id with =,
        occupied with &&
    ) where (status in ('held', 'pending', 'confirmed') and kind <> 'seat');
comment on constraint no_double_booking on appointment is 'The one guard against double booking, whatever the code above does';
-- The guards of a group: one session a start, one customer a seat.
create unique index appointment_seat_once on appointment (tenant_id, parent_id, seat_no)
    where kind = 'seat' and status in ('held', 'pending', 'confirmed');
create index appointment_parent on appointment (tenant_id, parent_id) where parent_id is not null;  -- seats of a session
create index appointment_series on appointment (tenant_id, series_id) where series_id is not null;  -- a series whole
create index appointment_customer on appointment (tenant_id, customer_id, starts_at);  -- a customer's visits
create index appointment_day on appointment (tenant_id, starts_at, id);  -- staff's calendar, figures
create index appointment_service_day on appointment (tenant_id, service_id, starts_at)
    where status in ('held', 'pending', 'confirmed', 'completed');  -- daily caps
create index appointment_expiry on appointment (tenant_id, expires_at) where status in ('held', 'pending');  -- the sweep

create table waitlist_entry (
    tenant_id uuid not null,
    id uuid not null,
    service_id uuid not null,
    employee_id uuid,
    customer_id uuid not null,
    earliest timestamptz not null,
    latest timestamptz not null,
    status text not null default 'waiting',
    offered_at timestamptz,
    offer_until timestamptz,
    appointment_id uuid,
    created_at timestamptz not null default now(),
    constraint waitlist_entry_pkey primary key (tenant_id, id),
    constraint waitlist_entry_service_fkey foreign key (tenant_id, service_id)
        references service (tenant_id, id) on delete cascade,
    constraint waitlist_entry_employee_fkey foreign key (tenant_id, employee_id)
        references employee (tenant_id, id) on delete cascade,
    constraint waitlist_entry_customer_fkey foreign key (tenant_id, customer_id)
        references customer (tenant_id, id) on delete cascade,
    constraint waitlist_entry_appointment_fkey foreign key (tenant_id, appointment_id)
        references appointment (tenant_id, id),
    constraint waitlist_entry_span check (earliest < latest),
    constraint waitlist_entry_status_known check (status in ('waiting', 'offered', 'booked', 'expired', 'left'))
);
comment on table waitlist_entry is 'Who wants to know of a free start; whoever waited longest is offered it first, held for them';
create index waitlist_entry_queue on waitlist_entry (tenant_id, service_id, created_at) where status = 'waiting';  -- whose turn
create index waitlist_entry_offers on waitlist_entry (tenant_id, offer_until) where status = 'offered';  -- the sweep
select protect_tenant_table('waitlist_entry');

create table platform_switch (
    name text not null,
    enabled boolean not null default false,
    reason text not null default '',
    changed_at timestamptz not null default now(),
    constraint platform_switch_pkey primary key (name),
    constraint platform_switch_known check (name in ('maintenance', 'read_only'))
);
comment on table platform_switch is 'What operators can turn: maintenance answers 503 to all, read_only to whatever changes something';
insert into platform_switch (name) values ('maintenance'), ('read_only');
grant select, update on platform_switch to booking_app;
