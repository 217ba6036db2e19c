-- Who asks, answered in one statement for each request: the functions that look a session or a key up.

-- A session is of no tenant, yet its account's memberships are rows of tenants: the function says whose it may see
-- before it looks. It must therefore be plpgsql, where one statement follows another.
create function identify_session(session uuid, secret bytea, slug text, at timestamptz)
    returns table (
        session_id uuid, account_id uuid, name text, mfa boolean, platform_admin boolean,
        tenant_id uuid, role text, employee_id uuid
    )
    language plpgsql
as $$
declare
    found_session account_session;
begin
    select s.* into found_session
    from account_session s
    where (s.id = identify_session.session or s.secret_hash = identify_session.secret)
        and s.revoked_at is null
        and s.expires_at > identify_session.at;
    if not found then
        return;
    end if;
    perform set_config('app.account_id', found_session.account_id::text, true);
    update account_session s
    set last_used_at = identify_session.at
    where s.id = found_session.id and s.last_used_at < identify_session.at - interval '1 minute';
    return query
        select found_session.id, a.id, a.name, found_session.mfa, a.platform_admin, t.id, m.role, m.employee_id
        from account a
        left join tenant t on t.slug = identify_session.slug and t.active
        left join membership m on m.tenant_id = t.id and m.account_id = a.id
        where a.id = found_session.account_id and a.disabled_at is null;
end
$$;
comment on function identify_session(uuid, bytea, text, timestamptz) is
    'The account of a live session, by id or secret, and what it is in the tenant; notes the use once a minute';

-- Whoever shows a key sees its row; the platform sees all, since an incident asks for all keys at once.
drop policy api_key_lookup on api_key;
create policy api_key_shown on api_key for select
    using (encode(secret_hash, 'hex') = current_setting('app.api_key', true));
create policy api_key_platform on api_key using (current_tenant() = '00000000-0000-0000-0000-000000000000');

create function identify_key(hash bytea, at timestamptz)
    returns table (id uuid, tenant_id uuid, slug text, name text, scopes text[])
    language plpgsql
as $$
declare
    found_key api_key;
begin
    perform set_config('app.api_key', encode(identify_key.hash, 'hex'), true);
    select k.* into found_key
    from api_key k
    where k.secret_hash = identify_key.hash and k.revoked_at is null and k.expires_at > identify_key.at;
    if not found then
        return;
    end if;
    perform set_config('app.tenant_id', found_key.tenant_id::text, true);
    update api_key k
    set last_used_at = identify_key.at
    where k.tenant_id = found_key.tenant_id and k.id = found_key.id
        and (k.last_used_at is null or k.last_used_at < identify_key.at - interval '1 minute');
    return query
        select found_key.id, found_key.tenant_id, t.slug, found_key.name, found_key.scopes
        from (select 1) one
        left join tenant t on t.id = found_key.tenant_id and t.active;
end
$$;
comment on function identify_key(bytea, timestamptz) is
    'A live API key by the hash of its secret; notes the use once a minute. No slug: a key of the platform';

grant update on login_attempt to booking_app;  -- an attempt counts as failed from before its password is looked at

-- A refresh token is two secrets, one of the session and one of the token. So any old token is known for one, not only
-- the last: a thief who used two of them would otherwise keep the session.
drop index account_session_previous;
alter table account_session
    add column family_hash bytea,
    add constraint account_session_family_unique unique (family_hash);
comment on column account_session.family_hash is 'What all its refresh tokens begin with; null for a session of a browser';
comment on column account_session.previous_hash is
    'The token before; good for a few seconds more, for a client that never got the answer with the new one';
