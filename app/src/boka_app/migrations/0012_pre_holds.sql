-- Giving up a hold.

create function release_hold(hold_id uuid) returns setof appointment
    language plpgsql
as $$
declare
    released appointment;
begin
    perform 1
    from employee e
    where e.tenant_id = current_tenant()
        and e.id in (
            select a.employee_id
            from appointment a
            where a.tenant_id = current_tenant() and hold_id in (a.id, a.parent_id)
        )
    order by e.id
    for no key update;
    for released in
        update appointment a
        set status = 'expired'
        where a.tenant_id = current_tenant() and hold_id in (a.id, a.parent_id) and a.status = 'held'
        returning *
    loop
        if released.id = hold_id then
            insert into outbox (tenant_id, kind, subject_id, payload)
            values (released.tenant_id, 'appointment.expired', hold_id, facts_of(released));
        end if;
        return next released;
    end loop;
end
$$;
comment on function release_hold(uuid) is 'Gives a hold up with all who were held for it; nothing when it is none any more';
