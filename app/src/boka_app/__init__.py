"""The Boka booking service: free slots and appointments of many businesses."""
