"""The day and the time that an answer is asked for, as the command line takes them."""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

import typer

__all__ = ["AsOf", "KnownAt", "day_option", "zoned"]


def day_option(told: str) -> Any:
    """Return the option of a day, with what its help tells."""
    return typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help=told)


AsOf: TypeAlias = Annotated[
    datetime | None,
    day_option("As it was on a day, such as 2024-06-01"),
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
