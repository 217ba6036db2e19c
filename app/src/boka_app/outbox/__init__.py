"""What happened, for whoever acts on it later: messages, webhooks, calendars, live pages."""
