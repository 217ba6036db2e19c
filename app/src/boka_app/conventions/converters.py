"""Forms of a part of an address, beside Falcon's own."""

from datetime import date

from falcon.routing import BaseConverter


class DateConverter(BaseConverter):
    """`{day:date}`: a date such as 2026-11-23; anything else leads nowhere."""

    def convert(self, value: str) -> date | None:
        """Return the date, or None."""
        try:
            return date.fromisoformat(value) if len(value) == len("2026-11-23") else None
        except ValueError:
            return None
