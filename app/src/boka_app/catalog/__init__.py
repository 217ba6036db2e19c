"""What a tenant offers, and who performs it."""
