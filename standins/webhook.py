"""A tenant's program that receives webhooks. What came, with its signature, is in `/_recorded`."""

from __future__ import annotations

from typing import ClassVar

from standins.server import Answer, Request, Standin, route


class Webhook(Standin):
    """Answers 204 to every event; faults make it slow, failing or gone."""

    name: ClassVar[str] = "webhook"

    @route("POST", "/{path:path}")
    def receive(self, request: Request, path: str) -> Answer:  # noqa: ARG002  what came is recorded
        """Take an event."""
        return Answer(None, 204)
