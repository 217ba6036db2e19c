"""When somebody is free: opening hours, busy times, and the one decision on what can be booked."""
