-- Removes what synchronising calendars needs; connections that were only begun go with it.
drop table calendar_feed, calendar_consent;

delete from external_event where remote_ref is null;
alter table external_event
    drop column request_id,
    alter column appointment_version drop default,
    alter column remote_ref set not null;

drop trigger calendar_connection_touch on calendar_connection;
delete from calendar_connection where status in ('connecting', 'removing');
alter table calendar_connection
    drop constraint calendar_connection_status_known,
    add constraint calendar_connection_status_known check (status in ('connected', 'failing', 'revoked')),
    drop column removing_since,
    drop column leased_until,
    drop column failures,
    drop column next_sync_at;
create index calendar_connection_due on calendar_connection (tenant_id, last_synced_at) where status <> 'revoked';
create trigger calendar_connection_touch before update on calendar_connection
    for each row execute function touch_row();
