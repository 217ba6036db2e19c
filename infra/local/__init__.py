"""The local provider: a fleet of real systemd hosts on one machine."""
