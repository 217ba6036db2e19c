"""What stands behind the verbs of staging and production alone: their accounts, state, plans, leftovers, adoption."""
