"""A request sent twice is carried out once."""
