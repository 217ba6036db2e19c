"""`python -m ops` is `boka`."""

from ops.cli import main

main()
