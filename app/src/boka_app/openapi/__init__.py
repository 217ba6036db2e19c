"""The API described by itself: OpenAPI 3.1 from the resources and their structs."""
