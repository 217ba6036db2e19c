"""What a stack may never be: rules over its resources, asked in tests, at preview and of a state."""
