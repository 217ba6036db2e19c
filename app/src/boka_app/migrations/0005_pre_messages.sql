-- What leaves the service: events in an outbox, messages to people, webhooks to programs.

create table outbox (
    tenant_id uuid not null,
    id bigint generated always as identity,
    kind text not null,
    subject_id uuid not null,
    payload jsonb not null default '{}',
    at timestamptz not null default now(),
    xid xid8 not null default pg_current_xact_id(),
    constraint outbox_pkey primary key (tenant_id, id),
    constraint outbox_tenant_fkey foreign key (tenant_id) references tenant (id) on delete cascade
);
comment on table outbox is 'What happened, written by the transaction in which it did. Payloads hold ids and times, no person';
comment on column outbox.xid is 'Readers take what is older than every open transaction, so none is overtaken by a late commit';
create index outbox_stream on outbox (tenant_id, xid, id);  -- live updates
create index outbox_age on outbox (tenant_id, at);  -- the clean-up
select protect_tenant_table('outbox');

create table outbox_pending (
    tenant_id uuid not null,
    outbox_id bigint not null,
    constraint outbox_pending_pkey primary key (outbox_id)
);
comment on table outbox_pending is 'Ids of events that no worker has taken; of all tenants, so it holds nothing else';
grant select, insert, update, delete on outbox_pending to booking_app;  -- update: for update, which skips the locked

create function announce_event() returns trigger
    language plpgsql
as $$
begin
    insert into outbox_pending (tenant_id, outbox_id) values (new.tenant_id, new.id);
    return null;
end
$$;
create trigger outbox_announce after insert on outbox for each row execute function announce_event();

create table message_template (
    tenant_id uuid not null,
    id uuid not null,
    kind text not null,
    channel text not null,
    locale text not null,
    subject text not null default '',
    text_body text not null,
    html_body text,
    updated_at timestamptz not null default now(),
    version bigint not null default 1,
    constraint message_template_pkey primary key (tenant_id, id),
    constraint message_template_once unique (tenant_id, kind, channel, locale),
    constraint message_template_tenant_fkey foreign key (tenant_id) references tenant (id) on delete cascade,
    constraint message_template_channel_known check (channel in ('email', 'sms', 'chat')),
    constraint message_template_length check (
        length(subject) <= 200 and length(text_body) <= 20000 and length(html_body) <= 100000
    )
);
comment on table message_template is 'A tenant''s own words instead of the built-in ones';
create trigger message_template_touch before update on message_template for each row execute function touch_row();
select protect_tenant_table('message_template');

create table message_channel (
    tenant_id uuid not null,
    channel text not null,
    configuration bytea not null,
    active boolean not null default true,
    updated_at timestamptz not null default now(),
    version bigint not null default 1,
    constraint message_channel_pkey primary key (tenant_id, channel),
    constraint message_channel_tenant_fkey foreign key (tenant_id) references tenant (id) on delete cascade,
    constraint message_channel_known check (channel in ('sms', 'chat'))
);
comment on table message_channel is 'A tenant''s SMS account or chat address, encrypted by the service; e-mail is the platform''s';
create trigger message_channel_touch before update on message_channel for each row execute function touch_row();
select protect_tenant_table('message_channel');

create table notification (
    tenant_id uuid not null,
    id uuid not null,
    kind text not null,
    channel text not null,
    subject_id uuid not null,
    appointment_id uuid,
    customer_id uuid,
    dedupe_key text not null,
    secret bytea,
    status text not null default 'queued',
    attempts integer not null default 0,
    due_at timestamptz not null default now(),
    sent_at timestamptz,
    provider_ref text,
    failure text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version bigint not null default 1,
    constraint notification_pkey primary key (tenant_id, id),
    constraint notification_appointment_fkey foreign key (tenant_id, appointment_id)
        references appointment (tenant_id, id) on delete cascade,
    constraint notification_customer_fkey foreign key (tenant_id, customer_id)
        references customer (tenant_id, id) on delete cascade,
    constraint notification_once unique (tenant_id, dedupe_key),
    constraint notification_channel_known check (channel in ('email', 'sms', 'chat')),
    constraint notification_status_known
        check (status in ('queued', 'sending', 'sent', 'dead', 'suppressed', 'cancelled'))
);
comment on table notification is 'One message to one person. Its words and address are made when it is sent, so none lie here';
comment on column notification.subject_id is 'What it tells of: an appointment, a payment, a place on the waitlist, an account';
comment on column notification.secret is 'A link that only this message knows, encrypted by the service; gone once it is sent';
comment on column notification.status is 'queued: waits until due_at; sending: a job is at it, also between attempts; then it ends one way';
create trigger notification_touch before update on notification for each row execute function touch_row();
create index notification_due on notification (tenant_id, due_at) where status = 'queued';  -- reminders, the sweep
create index notification_dead on notification (tenant_id, created_at desc) where status = 'dead';  -- dead letters
create index notification_page on notification (tenant_id, created_at desc, id);  -- the list
create index notification_appointment on notification (tenant_id, appointment_id);  -- messages of one visit
select protect_tenant_table('notification');

create table webhook_endpoint (
    tenant_id uuid not null,
    id uuid not null,
    url text not null,
    kinds text[] not null default '{}',
    secret bytea,
    previous_secret bytea,
    previous_until timestamptz,
    active boolean not null default true,
    failing_since timestamptz,
    disabled_reason text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version bigint not null default 1,
    constraint webhook_endpoint_pkey primary key (tenant_id, id),
    constraint webhook_endpoint_tenant_fkey foreign key (tenant_id) references tenant (id) on delete cascade,
    constraint webhook_endpoint_url_length check (length(url) between 10 and 2000)
);
comment on column webhook_endpoint.kinds is 'Events it wants; empty for all';
comment on column webhook_endpoint.secret is 'Encrypted by the service; made and shown once when asked for, and nothing is delivered before';
comment on column webhook_endpoint.previous_secret is 'Signs beside the new one while the receiver changes over';
create trigger webhook_endpoint_touch before update on webhook_endpoint for each row execute function touch_row();
select protect_tenant_table('webhook_endpoint');

create table webhook_delivery (
    tenant_id uuid not null,
    id uuid not null,
    endpoint_id uuid not null,
    outbox_id bigint not null,
    status text not null default 'queued',
    attempts integer not null default 0,
    response_status integer,
    failure text,
    created_at timestamptz not null default now(),
    delivered_at timestamptz,
    constraint webhook_delivery_pkey primary key (tenant_id, id),
    constraint webhook_delivery_endpoint_fkey foreign key (tenant_id, endpoint_id)
        references webhook_endpoint (tenant_id, id) on delete cascade,
    constraint webhook_delivery_event_fkey foreign key (tenant_id, outbox_id)
        references outbox (tenant_id, id) on delete cascade,
    constraint webhook_delivery_once unique (tenant_id, endpoint_id, outbox_id),
    constraint webhook_delivery_status_known check (status in ('queued', 'delivered', 'retrying', 'dead'))
);
create index webhook_delivery_page on webhook_delivery (tenant_id, endpoint_id, created_at desc, id);  -- the deliveries list
create index webhook_delivery_event on webhook_delivery (tenant_id, outbox_id);  -- goes with its event
select protect_tenant_table('webhook_delivery');
