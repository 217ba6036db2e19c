"""Who waits for a free start, and to whom a freed one is offered."""
