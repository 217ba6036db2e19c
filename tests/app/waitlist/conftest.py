"""The arrangements of the lifecycle's tests serve here too."""

from app.lifecycle.conftest import carry_out, events, put_row, see, within

__all__ = ["carry_out", "events", "put_row", "see", "within"]
