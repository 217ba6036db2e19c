"""A tenant to try things on."""
