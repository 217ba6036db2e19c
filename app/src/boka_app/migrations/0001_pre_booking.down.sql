-- Removes the first schema and every row in it. The extension stays: it belongs to whoever made the database.
drop table audit, idempotency_key, appointment, customer, availability_exception, availability_rule,
    employee_service, employee, service, tenant;
drop function current_tenant();
