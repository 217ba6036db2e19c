"""`python -m ops.secrets STACK`: make what is missing of a stack's secrets, for hosts raised without `boka up`."""

import sys

from ops import preparation, stacks

stack = stacks.named(sys.argv[1])
sys.stdout.write(f"{stack.name}: made {', '.join(preparation.ensure_secrets(stack)) or 'nothing, all is there'}\n")
