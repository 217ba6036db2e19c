"""What becomes of an appointment once it is made: confirmed, moved, cancelled, kept, missed, expired."""
