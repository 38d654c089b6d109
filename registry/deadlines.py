"""Deadlines: what is due after a stage, when a reminder begins, and since when it is late. The list is data.

Time is counted as the Civil Code has it: the day itself does not count (art. 201), months end on the day of the same number
or on their last (202), and what would end on a day of rest ends on the next working day (203).
"""

import calendar
import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, NamedTuple

from pydantic import ConfigDict, NonNegativeInt, PositiveInt, TypeAdapter, model_validator
from pydantic.dataclasses import dataclass as validated

from geocode import Text
from registry.stages import Basis, Confidence, Entry, Stage, put_in_order, read_rows

__all__ = ["Calendar", "Deadline", "Due", "Term", "find_due", "load_deadlines"]

_SATURDAY = 5
_MONTHS = 12
_SHORTEST_MONTH = 28


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are worked: not Saturdays and Sundays, but for the days of rest and of work that a city's list names."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    holidays: frozenset[dt.date] = frozenset()
    workdays: frozenset[dt.date] = frozenset()

    def is_worked(self, day: dt.date) -> bool:
        """Tell whether a day is worked."""
        return day in self.workdays or (day.weekday() < _SATURDAY and day not in self.holidays)

    def first_worked(self, day: dt.date) -> dt.date:
        """Return a day, or the next one that is worked."""
        while not self.is_worked(day):
            day += dt.timedelta(days=1)
        return day

    def after_worked(self, day: dt.date, count: int) -> dt.date:
        """Return the last of so many days of work after a day."""
        for _ in range(count):
            day = self.first_worked(day + dt.timedelta(days=1))
        return day


@validated(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Term:
    """A length of time: calendar days, days of work or months; one of the three."""

    days: PositiveInt | None = None
    working_days: PositiveInt | None = None
    months: PositiveInt | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Term":
        if sum(each is not None for each in (self.days, self.working_days, self.months)) != 1:
            raise ValueError("give days, working_days or months, one of the three")
        return self

    def ends(self, day: dt.date, worked: Calendar) -> dt.date:
        """Return the last day of the time after a day."""
        if self.working_days is not None:
            return worked.after_worked(day, self.working_days)
        last = day + dt.timedelta(days=self.days or 0) if self.months is None else _add_months(day, self.months)
        return worked.first_worked(last)

    @property
    def shortest_days(self) -> int:
        """The fewest calendar days that it can be."""
        return self.days or self.working_days or (self.months or 0) * _SHORTEST_MONTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """Something due after a stage; what the fields are stands at the head of the list."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: str
    name: Text
    start: str
    until: tuple[str, ...]
    within: Term
    by_certificate: bool = False
    by_documents: tuple[str, ...] = ()
    remind_days: NonNegativeInt = 0
    basis: tuple[Basis, ...] = ()
    confidence: Confidence = "unconfirmed"
    note: Text = field(default_factory=lambda: Text("", ""))

    @property
    def is_bare(self) -> bool:
        """Whether any entry of `until` ends it, with no number and no document."""
        return not self.by_certificate and not self.by_documents

    def is_met_by(self, entry: Entry) -> bool:
        """Tell whether an entry, on the day or later, ends the time."""
        if entry.stage not in self.until:
            return False
        has_number = self.by_certificate and entry.certificate is not None
        return self.is_bare or has_number or any(kind in entry.documents for kind in self.by_documents)

    def latest_start(self, day: dt.date) -> dt.date:
        """Return the last day whose deadline can be in sight, at least as a reminder, on a day."""
        ahead = max(0, self.within.shortest_days - self.remind_days)
        return dt.date.fromordinal(max(dt.date.min.toordinal(), day.toordinal() - ahead))


class Due(NamedTuple):
    """What is due for a building on a day.

    Attributes
    ----------
    entry
        The entry from which the time runs.
    due_on, remind_from
        The last day; the first day of the reminder.
    state
        ``due``: there is time. ``reminder``: soon. ``yellow``: it is late, by `overdue_days` calendar days.
    """

    deadline: Deadline
    entry: Entry
    due_on: dt.date
    remind_from: dt.date
    state: Literal["due", "reminder", "yellow"]
    overdue_days: int


@cache
def load_deadlines() -> tuple[Deadline, ...]:
    """Return all deadlines, as they are where no city changes them."""
    return TypeAdapter(tuple[Deadline, ...]).validate_python(read_rows("deadlines.toml", "deadline"))


def find_due(
    entries: Iterable[Entry],
    deadlines: Sequence[Deadline],
    stages: Sequence[Stage],
    *,
    day: dt.date,
    worked: Calendar | None = None,
) -> list[Due]:
    """Return what is due for a building that entered some stages, as it stands on a day, the earliest first.

    Parameters
    ----------
    entries
        Those that stand; later ones than `day` are left out.
    worked
        The calendar; weekends are the only days of rest where it is None.
    """
    ordered = [entry for entry in put_in_order(entries, stages) if entry.occurred_on <= day]
    ended = {stage.code for stage in stages if stage.ends} & {entry.stage for entry in ordered}
    found = []
    for deadline in deadlines:
        place = max((i for i, entry in enumerate(ordered) if entry.stage == deadline.start), default=None)
        if place is None or (ended and deadline.start not in ended):
            continue
        # an acceptance that is entered with its number needs no second one
        if any(deadline.is_met_by(entry) for entry in _since(ordered, place, deadline)):
            continue
        found.append(_due(deadline, ordered[place], day, worked or Calendar()))
    return sorted(found, key=lambda due: (due.due_on, due.deadline.id))


def _since(ordered: Sequence[Entry], place: int, deadline: Deadline) -> Sequence[Entry]:
    return ordered[place + 1 :] if deadline.is_bare else ordered[place:]


def _due(deadline: Deadline, entry: Entry, day: dt.date, worked: Calendar) -> Due:
    due_on = deadline.within.ends(entry.occurred_on, worked)
    remind_from = due_on - dt.timedelta(days=deadline.remind_days)
    overdue = (day - due_on).days
    state: Literal["due", "reminder", "yellow"] = (
        "yellow" if overdue > 0 else "reminder" if day >= remind_from else "due"
    )
    return Due(deadline, entry, due_on, remind_from, state, max(0, overdue))


def _add_months(day: dt.date, months: int) -> dt.date:
    years, month = divmod(day.month - 1 + months, _MONTHS)
    year = day.year + years
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
