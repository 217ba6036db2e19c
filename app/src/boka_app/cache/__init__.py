"""Answers kept in Valkey while they are true. Without Valkey everything works, only slower."""
