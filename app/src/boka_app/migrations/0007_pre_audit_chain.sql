-- The audit becomes chains: each row holds the hash of the one before, so that none can go or change unseen.
-- The tenant of zeros is the platform itself: administrators, switches.

-- A writer holds the end of its chain until its commit is on the disk. With one chain a tenant's bookings would wait for
-- each other's, so a tenant has 16. A transaction writes to one of them: two of them can never wait for each other both ways.
create function chain_of_transaction() returns integer
    language sql volatile
    return (pg_current_xact_id()::text::bigint & 15)::integer;

create table audit_head (
    tenant_id uuid not null,
    chain integer not null,
    position bigint not null,
    hash bytea not null,
    constraint audit_head_pkey primary key (tenant_id, chain)
);
comment on table audit_head is 'Where each chain ends; its lock puts the writers of one chain in line';
alter table audit_head enable row level security;
alter table audit_head force row level security;
create policy audit_head_of_tenant on audit_head
    using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
grant select, insert, update on audit_head to booking_app;

alter table audit
    drop constraint audit_tenant_fkey,  -- a record outlives what it is about
    add column actor_kind text not null default 'customer',
    add column actor_id uuid,
    add column detail jsonb not null default '{}',
    add column chain integer,
    add column position bigint,
    add column previous_hash bytea,
    add column hash bytea,
    add constraint audit_actor_known check (actor_kind in ('customer', 'account', 'api_key', 'job', 'operator', 'provider'));
comment on column audit.detail is 'What changed, by ids and values of the business; no name, no address of a person';
create unique index audit_position on audit (tenant_id, chain, position) where position is not null;  -- the chains
create index audit_subject on audit (tenant_id, subject_id);  -- the history of one thing

create function audit_digest(entry audit) returns bytea
    language plpgsql immutable parallel safe  -- which keeps its plan; in sql it would be planned anew for each entry
as $$
begin
    return sha256(convert_to(concat_ws(
        '|', encode(entry.previous_hash, 'hex'), entry.tenant_id, entry.chain, entry.position,
        extract(epoch from entry.at), entry.action, entry.subject_id, entry.request_id,
        entry.actor_kind, coalesce(entry.actor_id::text, ''), entry.detail
    ), 'utf8'));
end
$$;
comment on function audit_digest(audit) is 'The hash of one entry: SHA-256 over the one before and every fact of this one';

create function chain_audit() returns trigger
    language plpgsql
as $$
declare
    head audit_head;
begin
    new.chain := chain_of_transaction();
    insert into audit_head values (new.tenant_id, new.chain, 0, sha256('')) on conflict do nothing;
    select * into strict head from audit_head where tenant_id = new.tenant_id and chain = new.chain for update;
    new.position := head.position + 1;
    new.previous_hash := head.hash;
    new.hash := audit_digest(new);
    update audit_head set position = new.position, hash = new.hash where tenant_id = new.tenant_id and chain = new.chain;
    return new;
end
$$;
create trigger audit_chain before insert on audit for each row execute function chain_audit();

create function refuse_change() returns trigger
    language plpgsql
as $$
begin
    raise exception 'rows of % are never changed or removed', tg_table_name using errcode = 'insufficient_privilege';
end
$$;
create trigger audit_is_final before update or delete on audit for each row execute function refuse_change();
create trigger audit_is_whole before truncate on audit for each statement execute function refuse_change();
