"""How a fleet is made on AWS: one component a file."""
