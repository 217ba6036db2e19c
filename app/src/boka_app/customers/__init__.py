"""Who comes: found and corrected by staff, and their rights over what is held on them."""
