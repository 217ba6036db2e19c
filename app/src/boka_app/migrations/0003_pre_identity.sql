-- Who may do what: accounts of people, their membership of tenants, sessions, second factors, API keys.
-- Accounts and sessions belong to no tenant; membership and keys do.

create function current_account() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('app.account_id', true), '')::uuid;
comment on function current_account() is 'The account this transaction acts for; null for customers and jobs';

create table role (
    name text not null,
    description text not null,
    constraint role_pkey primary key (name)
);
comment on table role is 'What a member of a tenant can be; the service''s table of operations says what each may do';
insert into role (name, description) values
    ('owner', 'Everything, also members and the tenant itself'),
    ('manager', 'Everything but members, keys and payments accounts'),
    ('staff', 'The calendar and customers'),
    ('read_only', 'Looks, changes nothing');
grant select on role to booking_app;

create table account (
    id uuid not null,
    email text not null,
    name text not null,
    password_hash text,
    platform_admin boolean not null default false,
    totp_secret bytea,
    totp_confirmed_at timestamptz,
    totp_last_step bigint,
    failed_logins integer not null default 0,
    locked_until timestamptz,
    password_changed_at timestamptz not null default now(),
    disabled_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version bigint not null default 1,
    constraint account_pkey primary key (id),
    constraint account_email_unique unique (email),
    constraint account_email_form check (email = lower(email) and length(email) between 3 and 254),
    constraint account_name_length check (length(name) between 1 and 120)
);
comment on table account is 'A person who works with the service: staff of tenants, administrators of the platform';
comment on column account.totp_secret is 'Encrypted by the service; in use once totp_confirmed_at is set';
comment on column account.totp_last_step is 'The last accepted 30-second step: none is accepted twice';
create trigger account_touch before update on account for each row execute function touch_row();
create index account_locked on account (locked_until) where locked_until is not null;  -- the list of locked accounts
create index account_admins on account (email) where platform_admin;  -- the list of administrators

create table recovery_code (
    account_id uuid not null,
    code_hash bytea not null,
    used_at timestamptz,
    constraint recovery_code_pkey primary key (account_id, code_hash),
    constraint recovery_code_account_fkey foreign key (account_id) references account (id) on delete cascade
);
comment on table recovery_code is 'Instead of a TOTP code, each once';

create table membership (
    tenant_id uuid not null,
    account_id uuid not null,
    role text not null,
    employee_id uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version bigint not null default 1,
    constraint membership_pkey primary key (tenant_id, account_id),
    constraint membership_tenant_fkey foreign key (tenant_id) references tenant (id) on delete cascade,
    constraint membership_account_fkey foreign key (account_id) references account (id) on delete cascade,
    constraint membership_role_fkey foreign key (role) references role (name),
    constraint membership_employee_fkey foreign key (tenant_id, employee_id) references employee (tenant_id, id)
);
comment on column membership.employee_id is 'Who of the tenant''s employees this account is, if any';
create trigger membership_touch before update on membership for each row execute function touch_row();
create index membership_account on membership (account_id);  -- the tenants of one account
select protect_tenant_table('membership');
create policy membership_own on membership for select using (account_id = current_account());

create table account_session (
    id uuid not null,
    account_id uuid not null,
    secret_hash bytea not null,
    previous_hash bytea,
    mfa boolean not null default false,
    address text not null default '',
    user_agent text not null default '',
    created_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    revoke_reason text,
    constraint account_session_pkey primary key (id),
    constraint account_session_account_fkey foreign key (account_id) references account (id) on delete cascade,
    constraint account_session_secret_unique unique (secret_hash),
    constraint account_session_reason_known check (
        revoke_reason in ('logout', 'forced', 'reuse', 'password', 'disabled', 'expired')
    )
);
comment on table account_session is 'One log-in: a family of refresh tokens, of which only the newest works';
comment on column account_session.previous_hash is 'The token before; whoever shows it again makes the whole family end';
create index account_session_previous on account_session (previous_hash) where previous_hash is not null;  -- reuse
create index account_session_live on account_session (account_id) where revoked_at is null;  -- the sessions list
create index account_session_age on account_session (expires_at);  -- the clean-up

create table login_attempt (
    id bigint generated always as identity,
    at timestamptz not null default now(),
    account_id uuid,
    email_hash bytea not null,
    address text not null,
    outcome text not null,
    constraint login_attempt_pkey primary key (id),
    constraint login_attempt_account_fkey foreign key (account_id) references account (id) on delete cascade,
    constraint login_attempt_outcome_known
        check (outcome in ('succeeded', 'wrong_password', 'wrong_code', 'unknown', 'locked', 'throttled', 'disabled'))
);
comment on table login_attempt is 'Who tried to log in from where; the address typed only as a hash';
create index login_attempt_email on login_attempt (email_hash, at desc);  -- throttling by address typed
create index login_attempt_address on login_attempt (address, at desc);  -- throttling by network address
create index login_attempt_at on login_attempt (at desc);  -- failed log-ins, newest first; the clean-up

create table api_key (
    tenant_id uuid not null,
    id uuid not null,
    name text not null,
    prefix text not null,
    secret_hash bytea not null,
    scopes text[] not null,
    emergency boolean not null default false,
    created_by uuid,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    last_used_at timestamptz,
    revoked_at timestamptz,
    constraint api_key_pkey primary key (tenant_id, id),
    constraint api_key_secret_unique unique (secret_hash),
    constraint api_key_creator_fkey foreign key (created_by) references account (id) on delete set null,
    constraint api_key_name_length check (length(name) between 1 and 120),
    constraint api_key_has_scope check (cardinality(scopes) > 0)
);
comment on table api_key is 'Keys of programs. The tenant of zeros is the platform: its keys are administrators''';
comment on column api_key.prefix is 'The first characters, shown in lists so that people recognise it';
create index api_key_live on api_key (tenant_id, created_at desc) where revoked_at is null;  -- the keys list
select protect_tenant_table('api_key');
create policy api_key_lookup on api_key for select using (true);  -- a key is looked up before a tenant is entered

grant select, insert, update, delete on account, recovery_code, account_session to booking_app;
grant select, insert, delete on login_attempt to booking_app;
