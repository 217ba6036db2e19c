-- Takes the chains off; the entries stay.
drop trigger audit_is_whole on audit;
drop trigger audit_is_final on audit;
drop trigger audit_chain on audit;
drop function refuse_change();
drop function chain_audit();
drop function audit_digest(audit);
drop function chain_of_transaction();
drop index audit_subject;
alter table audit
    drop column actor_kind, drop column actor_id, drop column detail, drop column chain, drop column position,
    drop column previous_hash,
    drop column hash,
    add constraint audit_tenant_fkey foreign key (tenant_id) references tenant (id);
drop table audit_head;
