"""One module for each verb of `boka`: a table of contents that calls named things in order."""
