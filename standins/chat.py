"""A chat that takes what Apprise's `json://` posts."""

from __future__ import annotations

from typing import ClassVar

from standins.server import Answer, Request, Standin, route


class Chat(Standin):
    """Takes every line."""

    name: ClassVar[str] = "chat"

    @route("POST", "/{room:path}")
    def post(self, request: Request, room: str) -> Answer:  # noqa: ARG002  what came is recorded
        """Take a line."""
        return Answer({"ok": True})

    @route("POST", "/")
    def post_anywhere(self, request: Request) -> Answer:  # noqa: ARG002
        """Take a line without a room."""
        return Answer({"ok": True})
