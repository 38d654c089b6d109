"""Refusals of questions about a collection's items: the sentences are data (``query_faults.toml``)."""

from typing import Any

from geocode.faults import read_sentences
from store.errors import QueryError

__all__ = ["refused"]

_SENTENCES = read_sentences("store", "query_faults.toml")


def refused(
    kind: str, *, parameter: str = "filter", place: str | None = None, position: int | None = None, **values: Any
) -> QueryError:
    """Return the refusal of a kind, to be raised.

    Parameters
    ----------
    parameter
        The parameter of the request that is wrong.
    place
        The property, operator or value in it.
    position
        The character of its text, from 1.
    """
    shown = values if position is None else {**values, "position": position}
    return QueryError(_SENTENCES.fault(kind, **shown), parameter=parameter, place=place, position=position)
