-- Money: what is asked for, what came, what went back. Minor units throughout.

create table payment_account (
    tenant_id uuid not null,
    provider text not null,
    secret bytea not null,
    webhook_secret bytea,
    active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version bigint not null default 1,
    constraint payment_account_pkey primary key (tenant_id, provider),
    constraint payment_account_tenant_fkey foreign key (tenant_id) references tenant (id) on delete cascade,
    constraint payment_account_provider_known check (provider in ('stripe', 'paystack')),
    constraint payment_account_stripe_has_webhook_secret check (provider <> 'stripe' or webhook_secret is not null)
);
comment on table payment_account is 'A tenant''s own account at a provider; secrets are encrypted by the service';
create unique index payment_account_active on payment_account (tenant_id) where active;  -- the one that takes money
create trigger payment_account_touch before update on payment_account for each row execute function touch_row();
select protect_tenant_table('payment_account');

create table payment (
    tenant_id uuid not null,
    id uuid not null,
    appointment_id uuid not null,
    provider text not null,
    provider_ref text,
    purpose text not null,
    amount_minor integer not null,
    refunded_minor integer not null default 0,
    currency text not null,
    status text not null default 'created',
    checkout_url text,
    failure text,
    expires_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version bigint not null default 1,
    constraint payment_pkey primary key (tenant_id, id),
    constraint payment_appointment_fkey foreign key (tenant_id, appointment_id) references appointment (tenant_id, id),
    constraint payment_provider_known check (provider in ('stripe', 'paystack', 'cash')),
    constraint payment_purpose_known check (purpose in ('deposit', 'full', 'fee')),
    constraint payment_amount_positive check (amount_minor > 0),
    constraint payment_refund_range check (refunded_minor between 0 and amount_minor),
    constraint payment_currency_form check (currency ~ '^[A-Z]{3}$'),
    constraint payment_status_known check (status in ('created', 'pending', 'succeeded', 'failed', 'expired'))
);
comment on column payment.status is 'created: we want it; pending: the provider knows it; then it ends one way. Never backwards';
create trigger payment_touch before update on payment for each row execute function touch_row();
create unique index payment_provider_ref on payment (tenant_id, provider, provider_ref) where provider_ref is not null;  -- webhooks
create index payment_appointment on payment (tenant_id, appointment_id);  -- one appointment's money
create index payment_open on payment (tenant_id, expires_at) where status in ('created', 'pending');  -- the sweep
create index payment_page on payment (tenant_id, created_at desc, id);  -- the payments list
select protect_tenant_table('payment');

create table refund (
    tenant_id uuid not null,
    id uuid not null,
    payment_id uuid not null,
    amount_minor integer not null,
    reason text not null,
    status text not null default 'created',
    provider_ref text,
    failure text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version bigint not null default 1,
    constraint refund_pkey primary key (tenant_id, id),
    constraint refund_payment_fkey foreign key (tenant_id, payment_id) references payment (tenant_id, id),
    constraint refund_amount_positive check (amount_minor > 0),
    constraint refund_reason_known check (reason in ('cancelled', 'too_late', 'staff', 'duplicate')),
    constraint refund_status_known check (status in ('created', 'pending', 'succeeded', 'failed'))
);
comment on column refund.reason is 'too_late: the money came when the slot was no longer held';
create trigger refund_touch before update on refund for each row execute function touch_row();
create index refund_payment on refund (tenant_id, payment_id);  -- what is left to give back
create index refund_open on refund (tenant_id, created_at) where status in ('created', 'pending');  -- the sweep
select protect_tenant_table('refund');

create table payment_event (
    tenant_id uuid not null,
    provider text not null,
    event_id text not null,
    kind text not null,
    received_at timestamptz not null default now(),
    constraint payment_event_pkey primary key (tenant_id, provider, event_id),
    constraint payment_event_tenant_fkey foreign key (tenant_id) references tenant (id) on delete cascade
);
comment on table payment_event is 'What a provider told us: each event is taken once, however often it is delivered';
create index payment_event_age on payment_event (received_at);  -- the clean-up
select protect_tenant_table('payment_event');
