"""Who changed what: entries that are never changed, each chained to the one before."""
