-- Takes back the functions that read calendars, and the versions of what is offered.
drop function get_optimized_availability(uuid, date, uuid, uuid, integer, timestamptz, text, uuid);
drop function calendars_of(service, uuid, text, tstzrange, timestamptz, uuid);
drop function busy_times(employee, service, tstzrange, timestamptz, uuid);
drop function full_days(uuid, uuid, uuid, text, tstzrange, integer, timestamptz, uuid);
drop function cells(timestamptz, timestamptz);
drop function is_live(appointment, timestamptz);
drop index appointment_busy;
create index appointment_busy on appointment (tenant_id, employee_id, occupied_from) include (occupied_until)
    where status in ('held', 'pending', 'confirmed');
drop trigger appointment_moves_calendar on appointment;
drop function move_calendar();
drop trigger employee_in_catalog on employee;
do $$
declare
    name text;
begin
    foreach name in array array[
        'tenant', 'service', 'service_price', 'employee_service', 'availability_rule', 'availability_exception', 'blocked_slot'
    ] loop
        execute format('drop trigger %I on %I', name || '_in_catalog', name);
    end loop;
end
$$;
drop function bump_catalog();
drop table catalog_version;
