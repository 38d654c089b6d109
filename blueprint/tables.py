"""One table of a TOML file, read key by key, that says where it is when something is wrong."""

import datetime as dt
import tomllib
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from blueprint.errors import RuleError
from blueprint.reasons import explain
from geocode.faults import Text

__all__ = ["Table", "read_table"]

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


def read_table(text: str, *, file: str) -> "Table":
    """Return the whole of a TOML text as a table.

    Raises
    ------
    RuleError
        The text is no TOML.
    """
    try:
        return Table(tomllib.loads(text), file=file, rule="-")
    except tomllib.TOMLDecodeError as error:
        raise RuleError(explain("no_toml", reason=error), file=file, rule="-", key="-") from error


class Table:
    """One table of a rule file; every ``take_`` checks one key and marks it as known."""

    __slots__ = ("_key", "_taken", "_values", "file", "rule")

    def __init__(self, values: Any, *, file: str, rule: str, key: str = "") -> None:
        self.file, self.rule, self._key = file, rule, key
        if not isinstance(values, Mapping):
            raise RuleError(explain("no_table", found=repr(values)), file=file, rule=rule, key=key)
        self._values, self._taken = values, set[str]()

    def refuse(self, key: str, kind: str, **values: Any) -> NoReturn:
        """Raise the error that names this table's place, with the sentence of a kind."""
        self.reject(key, explain(kind, **values))

    def reject(self, key: str, problem: Text) -> NoReturn:
        """Raise the error that names this table's place."""
        raise RuleError(problem, file=self.file, rule=self.rule, key=f"{self._key}.{key}".lstrip("."))

    def has(self, key: str) -> bool:
        """Return whether the key is there."""
        return key in self._values

    def take(self, key: str, kind: type[T], *, default: T | None = None) -> T:
        """Return the value of a key, of this type; one without a default must be there."""
        self._taken.add(key)
        value = self._values.get(key, default)
        if value is None:
            self.refuse(key, "missing")
        # TOML writes 1 for 1.0, and true is an int in Python
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            self.refuse(key, "wrong_type", found=repr(value), wanted=kind.__name__)
        return value

    def take_choice(self, key: str, choices: type[E], *, default: E | None = None) -> E:
        """Return the member of an enumeration that the text names."""
        value = self.take(key, str, default=default)
        if value not in {member.value for member in choices}:
            known = ", ".join(member.value for member in choices)
            self.refuse(key, "wrong_choice", found=repr(value), known=known)
        return choices(value)

    def take_amount(self, key: str) -> float:
        """Return a number that is not negative, 0 where there is none."""
        value = self.take(key, float, default=0.0)
        if not 0 <= value < float("inf"):
            self.refuse(key, "no_amount", found=repr(value))
        return value

    def take_day(self, key: str) -> dt.date | None:
        """Return a date without a time of day, or None."""
        if not self.has(key):
            return None
        day = self.take(key, dt.date)
        if isinstance(day, dt.datetime):
            self.refuse(key, "time_of_day", found=day.isoformat(), day=day.date().isoformat())
        return day

    def take_text(self, key: str) -> Text:
        """Return a text in both languages."""
        table = self.take_table(key)
        text = Text(table.take("zh", str), table.take("en", str))
        table.refuse_rest()
        return text

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that are there, in their order."""
        return tuple(self._values)

    def take_names(self, key: str) -> tuple[str, ...]:
        """Return a name or a list of different names."""
        given = self._values.get(key)
        names: list[Any] = [given] if isinstance(given, str) else self.take(key, list)
        self._taken.add(key)
        if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
            self.refuse(key, "no_names", found=repr(names))
        return tuple(names)

    def take_table(self, key: str) -> "Table":
        """Return the table under a key."""
        self._taken.add(key)
        return Table(self._values.get(key), file=self.file, rule=self.rule, key=f"{self._key}.{key}".lstrip("."))

    def take_part(self, key: str, read: Callable[["Table"], T]) -> T | None:
        """Return what is read from the table under a key, which may say nothing else; None where there is none."""
        if not self.has(key):
            return None
        table = self.take_table(key)
        part = read(table)
        table.refuse_rest()
        return part

    def take_tables(self, key: str) -> list["Table"]:
        """Return the tables of a list that has at least one."""
        rows: list[Any] = self.take(key, list)
        if not rows:
            self.refuse(key, "no_rows")
        return [Table(row, file=self.file, rule=self.rule, key=f"{key}[{i}]") for i, row in enumerate(rows)]

    def refuse_rest(self) -> None:
        """Raise for the first key that nobody took: a mistyped key would be a rule that is silently different."""
        for key in self._values:
            if key not in self._taken:
                self.refuse(key, "unknown_key", known=", ".join(sorted(self._taken)))
