-- Takes back the functions that book.
drop function book_appointment_optimized(uuid, jsonb, uuid, uuid[], timestamptz, text, text, timestamptz, text, bigint, text, bytea, uuid, text[]);
drop function note_booking(appointment);
drop function answer_of(appointment, tenant, service, uuid[]);
drop function convert_hold(uuid, appointment, service, text, timestamptz);
drop function place_appointment(appointment, service, text, uuid[], timestamptz);
drop function place_with(appointment, service, text, timestamptz);
drop function draft_of(tenant, service, timestamptz, text, boolean, timestamptz);
drop function take_seat(appointment, integer, timestamptz);
drop function free_expired(appointment, timestamptz);
drop function facts_of(appointment);
drop function insert_appointment(appointment);
drop function price_of(service, uuid, date);
drop function keep_customer(uuid, jsonb);
drop function claim_key(uuid, text, bytea);
