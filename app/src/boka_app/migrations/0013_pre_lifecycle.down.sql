drop function note_expired();
drop function accept_hold(uuid, timestamptz);
drop function place_visit(uuid, timestamptz, uuid, uuid, timestamptz, text, uuid[], timestamptz);
drop function move_appointment(uuid, timestamptz, uuid[], timestamptz);
drop function release_appointment(appointment, timestamptz);
drop function lock_for_placing(service, uuid, uuid[], date[]);
