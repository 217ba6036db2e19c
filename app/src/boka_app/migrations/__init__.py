"""The schema, as plain SQL files in order, and what applies them."""
