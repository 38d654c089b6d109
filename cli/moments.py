"""The day and the time that an answer is asked for, as the command line takes them."""

from datetime import UTC, datetime
from typing import Annotated, TypeAlias

import typer

__all__ = ["AsOf", "KnownAt", "zoned"]

AsOf: TypeAlias = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="As it was on a day, such as 2024-06-01"),
]
KnownAt: TypeAlias = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"],
        metavar="TIME",
        help="As it was known at a time, UTC where it has no zone",
    ),
]


def zoned(moment: datetime | None) -> datetime | None:
    """Return a time in its own zone, in UTC where it has none."""
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
