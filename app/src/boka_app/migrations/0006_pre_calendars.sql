-- Calendars elsewhere: whose they are, when they are busy, and which of our visits stand in them.

create table calendar_connection (
    tenant_id uuid not null,
    id uuid not null,
    employee_id uuid not null,
    provider text not null,
    status text not null default 'connected',
    credentials bytea not null,
    calendar_ref text not null default 'primary',
    sync_token text,
    writes_events boolean not null default false,
    last_synced_at timestamptz,
    failing_since timestamptz,
    failure text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version bigint not null default 1,
    constraint calendar_connection_pkey primary key (tenant_id, id),
    constraint calendar_connection_employee_fkey foreign key (tenant_id, employee_id)
        references employee (tenant_id, id) on delete cascade,
    constraint calendar_connection_provider_known check (provider in ('google', 'microsoft', 'ics')),
    constraint calendar_connection_status_known check (status in ('connected', 'failing', 'revoked'))
);
comment on column calendar_connection.credentials is 'Tokens, or the address of a feed; encrypted by the service';
comment on column calendar_connection.sync_token is 'Where the last synchronisation stopped: sync token, delta link or entity tag';
create trigger calendar_connection_touch before update on calendar_connection
    for each row execute function touch_row();
create index calendar_connection_employee on calendar_connection (tenant_id, employee_id);  -- an employee's calendars
create index calendar_connection_due on calendar_connection (tenant_id, last_synced_at) where status <> 'revoked';  -- whose turn
select protect_tenant_table('calendar_connection');

create table external_busy (
    tenant_id uuid not null,
    connection_id uuid not null,
    uid text not null,
    employee_id uuid not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    constraint external_busy_pkey primary key (tenant_id, connection_id, uid, starts_at),
    constraint external_busy_connection_fkey foreign key (tenant_id, connection_id)
        references calendar_connection (tenant_id, id) on delete cascade,
    constraint external_busy_employee_fkey foreign key (tenant_id, employee_id)
        references employee (tenant_id, id) on delete cascade,
    constraint external_busy_span check (starts_at < ends_at)
);
comment on table external_busy is 'Busy times read from elsewhere; slot search reads these and never the calendar itself';
create index external_busy_employee on external_busy (tenant_id, employee_id, starts_at) include (ends_at);  -- slot search
select protect_tenant_table('external_busy');

create table external_event (
    tenant_id uuid not null,
    connection_id uuid not null,
    appointment_id uuid not null,
    remote_ref text not null,
    appointment_version bigint not null,
    constraint external_event_pkey primary key (tenant_id, connection_id, appointment_id),
    constraint external_event_connection_fkey foreign key (tenant_id, connection_id)
        references calendar_connection (tenant_id, id) on delete cascade,
    constraint external_event_appointment_fkey foreign key (tenant_id, appointment_id)
        references appointment (tenant_id, id) on delete cascade
);
comment on table external_event is 'Visits of ours that stand in a calendar elsewhere, and as of which version';
create index external_event_appointment on external_event (tenant_id, appointment_id);  -- withdrawing a visit everywhere
select protect_tenant_table('external_event');
