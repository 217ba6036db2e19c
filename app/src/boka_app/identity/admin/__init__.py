"""What administrators of the platform do and look at."""
