"""Visits booked together, at the same local time every so many days."""
