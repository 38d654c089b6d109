"""What was worked out once, kept beside what it follows from: values never change, so neither does what is said of them."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

__all__ = ["Kept"]

T = TypeVar("T")


class Kept:
    """Results by key; each is worked out when it is asked for first."""

    __slots__ = ("_results",)

    def __init__(self) -> None:
        self._results: dict[Hashable, Any] = {}

    def once(self, key: Hashable, work: Callable[[], T]) -> T:
        """Return the result under a key."""
        if key not in self._results:
            self._results[key] = work()
        result: T = self._results[key]
        return result

    def once_of(self, key: Hashable, of: object, work: Callable[[], T]) -> T:
        """Return the result under a key for one object, by its identity; the object is kept as well."""
        return self.once((key, id(of)), lambda: (of, work()))[1]
