drop index waitlist_entry_appointment;
drop function note_expired();
drop function accept_hold(uuid, timestamptz);
drop function note_series(uuid);
drop function place_series(uuid, timestamptz[], jsonb, bigint, timestamptz);
drop function hold_visit(uuid, timestamptz, uuid, timestamptz, uuid[], timestamptz);
drop function move_appointment(uuid, timestamptz, uuid[], timestamptz);
drop function release_appointment(appointment, timestamptz);
drop function lock_for_placing(service, uuid, uuid[], date[]);
