"""Calendars elsewhere: feeds of ours, busy times of theirs, and our visits written into them."""
