"""Days and times as the command line takes them."""

from datetime import UTC, datetime

__all__ = ["DAYS", "TIMES", "zoned"]

DAYS = ["%Y-%m-%d"]
TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]


def zoned(moment: datetime | None) -> datetime | None:
    """Return a time in its own zone, in UTC where it has none."""
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
