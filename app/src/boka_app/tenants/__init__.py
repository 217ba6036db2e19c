"""Who the businesses are, and how a transaction enters one of them."""
