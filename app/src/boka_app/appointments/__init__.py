"""Book, read and cancel an appointment."""
