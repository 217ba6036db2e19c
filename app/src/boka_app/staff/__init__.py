"""The pages for those who work at a business: log-in, calendar, one appointment, figures."""
