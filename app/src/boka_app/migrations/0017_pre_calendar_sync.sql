-- What synchronising calendars needs: whose turn it is, what is being written, and links that can be taken back.

alter table calendar_connection
    drop constraint calendar_connection_status_known,
    add constraint calendar_connection_status_known
        check (status in ('connecting', 'connected', 'failing', 'revoked', 'removing')),
    add column next_sync_at timestamptz not null default now(),
    add column failures integer not null default 0,
    add column leased_until timestamptz,
    add column removing_since timestamptz;
drop index calendar_connection_due;
create index calendar_connection_due on calendar_connection (tenant_id, next_sync_at) where status <> 'revoked';  -- whose turn
comment on column calendar_connection.failures is 'In a row; each makes the next attempt wait longer';
comment on column calendar_connection.leased_until is 'One job at a time speaks for a connection, so that its tokens rotate once';
-- A synchronisation is no edit: the version that ETags show counts what staff change.
drop trigger calendar_connection_touch on calendar_connection;
create trigger calendar_connection_touch before update of employee_id, calendar_ref, writes_events, removing_since
    on calendar_connection for each row execute function touch_row();

-- The row comes before the event: a repeated request names the same request_id, and the other side makes one event.
alter table external_event
    alter column remote_ref drop not null,
    alter column appointment_version set default 0,
    add column request_id uuid not null default gen_random_uuid();
comment on column external_event.request_id is 'Makes the creation idempotent: the id of the event at Google, its transaction at Microsoft';

create table calendar_consent (
    tenant_id uuid not null,
    id uuid not null,
    employee_id uuid not null,
    provider text not null,
    writes_events boolean not null,
    verifier bytea not null,
    asked_by uuid not null,
    expires_at timestamptz not null,
    constraint calendar_consent_pkey primary key (tenant_id, id),
    constraint calendar_consent_employee_fkey foreign key (tenant_id, employee_id)
        references employee (tenant_id, id) on delete cascade,
    constraint calendar_consent_provider_known check (provider in ('google', 'microsoft'))
);
comment on table calendar_consent is 'Somebody is at a provider, agreeing; the answer takes the row away, so it counts once';
comment on column calendar_consent.verifier is 'What proves to the provider that the answer came to who asked (RFC 7636); encrypted';
create index calendar_consent_age on calendar_consent (tenant_id, expires_at);  -- the clean-up
select protect_tenant_table('calendar_consent');

create table calendar_feed (
    tenant_id uuid not null,
    subject_id uuid not null,
    generation integer not null default 0,
    constraint calendar_feed_pkey primary key (tenant_id, subject_id),
    constraint calendar_feed_tenant_fkey foreign key (tenant_id) references tenant (id) on delete cascade
);
comment on table calendar_feed is 'Of an employee or an appointment whose link was taken back: links of older generations lead nowhere';
select protect_tenant_table('calendar_feed');
