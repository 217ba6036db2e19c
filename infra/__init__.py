"""What exists: settings, the fleet's description, and the providers that make it real."""
