-- The first schema: tenants, what they offer, when they are open, and who has booked.
-- Tables belong to booking_owner, which runs this file; booking_app reads and writes rows only.
-- Times of day are minutes since local midnight, on a 5-minute grid: the slot search counts in such cells.

create extension if not exists btree_gist;  -- "=" on uuid beside "&&" in one exclusion constraint

create function current_tenant() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('app.tenant_id', true), '')::uuid;
comment on function current_tenant() is 'The tenant this transaction entered; null, and so no row, outside one';

create table tenant (
    id uuid not null,
    slug text not null,
    name text not null,
    time_zone text not null,
    min_notice_minutes integer not null default 0,
    horizon_days integer not null default 180,
    created_at timestamptz not null default now(),
    constraint tenant_pkey primary key (id),
    constraint tenant_slug_unique unique (slug),
    constraint tenant_slug_form check (slug ~ '^[a-z0-9](-?[a-z0-9]){0,62}$'),
    constraint tenant_name_length check (length(name) between 1 and 120),
    constraint tenant_notice_range check (min_notice_minutes between 0 and 43200),
    constraint tenant_horizon_range check (horizon_days between 1 and 730)
);
comment on column tenant.time_zone is 'IANA zone of the opening hours';

create table service (
    tenant_id uuid not null,
    id uuid not null,
    name text not null,
    duration_minutes integer not null,
    buffer_before_minutes integer not null default 0,
    buffer_after_minutes integer not null default 0,
    step_minutes integer not null default 15,
    price_minor integer not null default 0,
    currency text not null default 'EUR',
    active boolean not null default true,
    constraint service_pkey primary key (tenant_id, id),
    constraint service_tenant_fkey foreign key (tenant_id) references tenant (id) on delete cascade,
    constraint service_name_length check (length(name) between 1 and 120),
    constraint service_duration_grid check (duration_minutes between 5 and 720 and duration_minutes % 5 = 0),
    constraint service_before_grid check (buffer_before_minutes between 0 and 240 and buffer_before_minutes % 5 = 0),
    constraint service_after_grid check (buffer_after_minutes between 0 and 240 and buffer_after_minutes % 5 = 0),
    constraint service_step_grid check (step_minutes between 5 and 720 and step_minutes % 5 = 0),
    constraint service_price_positive check (price_minor >= 0),
    constraint service_currency_form check (currency ~ '^[A-Z]{3}$')
);
comment on column service.step_minutes is 'Starts are offered this far apart, counted from each opening';
comment on column service.price_minor is 'Price in minor units (cents) of currency, an ISO 4217 code';

create table employee (
    tenant_id uuid not null,
    id uuid not null,
    name text not null,
    active boolean not null default true,
    constraint employee_pkey primary key (tenant_id, id),
    constraint employee_tenant_fkey foreign key (tenant_id) references tenant (id) on delete cascade,
    constraint employee_name_length check (length(name) between 1 and 120)
);

create table employee_service (
    tenant_id uuid not null,
    employee_id uuid not null,
    service_id uuid not null,
    constraint employee_service_pkey primary key (tenant_id, service_id, employee_id),
    constraint employee_service_employee_fkey foreign key (tenant_id, employee_id)
        references employee (tenant_id, id) on delete cascade,
    constraint employee_service_service_fkey foreign key (tenant_id, service_id)
        references service (tenant_id, id) on delete cascade
);
comment on table employee_service is 'Who performs what';

create table availability_rule (
    tenant_id uuid not null,
    id uuid not null,
    employee_id uuid not null,
    weekday integer not null,
    opens_minute integer not null,
    closes_minute integer not null,
    constraint availability_rule_pkey primary key (tenant_id, id),
    constraint availability_rule_employee_fkey foreign key (tenant_id, employee_id)
        references employee (tenant_id, id) on delete cascade,
    constraint availability_rule_weekday check (weekday between 1 and 7),
    constraint availability_rule_span check (0 <= opens_minute and opens_minute < closes_minute and closes_minute <= 1440),
    constraint availability_rule_grid check (opens_minute % 5 = 0 and closes_minute % 5 = 0)
);
comment on table availability_rule is 'Weekly hours in local wall time; weekday as ISO 8601 has it, 1 is Monday';
create index availability_rule_employee on availability_rule (tenant_id, employee_id);  -- slot search

create table availability_exception (
    tenant_id uuid not null,
    id uuid not null,
    employee_id uuid not null,
    on_date date not null,
    opens_minute integer not null,
    closes_minute integer not null,
    constraint availability_exception_pkey primary key (tenant_id, id),
    constraint availability_exception_employee_fkey foreign key (tenant_id, employee_id)
        references employee (tenant_id, id) on delete cascade,
    constraint availability_exception_span
        check (0 <= opens_minute and opens_minute <= closes_minute and closes_minute <= 1440),
    constraint availability_exception_grid check (opens_minute % 5 = 0 and closes_minute % 5 = 0)
);
comment on table availability_exception is 'Hours of one date, instead of the weekly ones; an empty span closes it';
create index availability_exception_date on availability_exception (tenant_id, employee_id, on_date);  -- slot search

create table customer (
    tenant_id uuid not null,
    id uuid not null,
    name text not null,
    email text not null,
    phone text,
    created_at timestamptz not null default now(),
    constraint customer_pkey primary key (tenant_id, id),
    constraint customer_tenant_fkey foreign key (tenant_id) references tenant (id) on delete cascade,
    constraint customer_name_length check (length(name) between 1 and 120),
    constraint customer_email_length check (length(email) between 3 and 254)
);

create table appointment (
    tenant_id uuid not null,
    id uuid not null,
    service_id uuid not null,
    employee_id uuid not null,
    customer_id uuid not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    occupied_from timestamptz not null,
    occupied_until timestamptz not null,
    occupied tstzrange not null generated always as (tstzrange(occupied_from, occupied_until, '[)')) stored,
    status text not null default 'confirmed',
    created_at timestamptz not null default now(),
    cancelled_at timestamptz,
    constraint appointment_pkey primary key (tenant_id, id),
    constraint appointment_service_fkey foreign key (tenant_id, service_id) references service (tenant_id, id),
    constraint appointment_employee_fkey foreign key (tenant_id, employee_id) references employee (tenant_id, id),
    constraint appointment_customer_fkey foreign key (tenant_id, customer_id) references customer (tenant_id, id),
    constraint appointment_status_known
        check (status in ('held', 'pending', 'confirmed', 'completed', 'cancelled', 'expired', 'no_show')),
    constraint appointment_span
        check (occupied_from <= starts_at and starts_at < ends_at and ends_at <= occupied_until),
    constraint appointment_within_a_day check (occupied_until - occupied_from <= interval '1 day'),
    constraint no_double_booking exclude using gist (
        tenant_id with =,
        employee_id with =,
        occupied with &&
    ) where (status in ('held', 'pending', 'confirmed'))
);
comment on column appointment.occupied is 'The visit with both buffers: what keeps the employee from anybody else';
comment on constraint no_double_booking on appointment is 'The one guard against double booking, whatever the code above does';
-- Slot search. Not the index of the constraint, which is twenty times slower for several employees; the bound of
-- one day on a visit gives this one a lower end to start from.
create index appointment_busy on appointment (tenant_id, employee_id, occupied_from) include (occupied_until)
    where status in ('held', 'pending', 'confirmed');

create table idempotency_key (
    tenant_id uuid not null,
    key text not null,
    fingerprint bytea not null,
    answer jsonb,
    created_at timestamptz not null default now(),
    constraint idempotency_key_pkey primary key (tenant_id, key),
    constraint idempotency_key_tenant_fkey foreign key (tenant_id) references tenant (id) on delete cascade,
    constraint idempotency_key_length check (length(key) between 8 and 255)
);
comment on table idempotency_key is 'Answers to replay, written in the transaction that booked; no personal data, no token';
create index idempotency_key_age on idempotency_key (created_at);  -- for the sweep of old keys

create table audit (
    tenant_id uuid not null,
    id bigint generated always as identity,
    at timestamptz not null default now(),
    action text not null,
    subject_id uuid not null,
    request_id text not null,
    constraint audit_pkey primary key (tenant_id, id),
    constraint audit_tenant_fkey foreign key (tenant_id) references tenant (id)
);
comment on table audit is 'What changed, by which request; insert-only for the service';

-- Row-level security is the second line behind the tenant_id in every statement; forced, so that it binds the owner too.
do $$
declare
    name text;
begin
    foreach name in array array[
        'service', 'employee', 'employee_service', 'availability_rule', 'availability_exception',
        'customer', 'appointment', 'idempotency_key', 'audit'
    ] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format(
            'create policy %I on %I using (tenant_id = current_tenant()) with check (tenant_id = current_tenant())',
            name || '_of_tenant', name
        );
    end loop;
end
$$;
alter table tenant enable row level security;
alter table tenant force row level security;
create policy tenant_directory on tenant for select using (true);  -- a name is looked up before a tenant is entered
create policy tenant_of_tenant on tenant using (id = current_tenant()) with check (id = current_tenant());

grant select, insert, update, delete on
    tenant, service, employee, employee_service, availability_rule, availability_exception,
    customer, appointment, idempotency_key
    to booking_app;
grant select, insert on audit to booking_app;
grant select on schema_migration to booking_app;
