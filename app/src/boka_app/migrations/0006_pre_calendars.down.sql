-- Removes connections to other calendars and what was read from them.
drop table external_event, external_busy, calendar_connection;
