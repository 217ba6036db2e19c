"""The booking pages for people: server-rendered, no script."""
