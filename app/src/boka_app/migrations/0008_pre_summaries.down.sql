-- Removes the daily figures; they can be made again.
drop view daily_summary_of_tenant;
drop materialized view daily_summary;
drop view appointment_figure;
drop policy appointment_summary on appointment;
