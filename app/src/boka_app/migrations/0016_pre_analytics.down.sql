-- Removes the functions; the figures stay.
drop function get_business_metrics(date, date);
drop function get_dashboard_analytics(uuid, date, date);
