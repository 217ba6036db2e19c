"""Rows of tables, to and from structs: statements with a signature."""
