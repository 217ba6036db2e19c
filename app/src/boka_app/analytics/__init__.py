"""Figures: how a business does, and how all of them do."""
