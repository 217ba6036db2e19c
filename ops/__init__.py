"""The `boka` command: what an operator does to a stack, in one verb each."""
