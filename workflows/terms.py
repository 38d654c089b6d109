"""On what terms the blueprint is asked: by whom, in which installation, of which day, as known at which time."""

from datetime import date, datetime
from typing import NamedTuple

from geocode import Text
from store.database import Connection
from store.runs import known_now
from workflows.errors import RefusedOptionError
from workflows.principals import Principal
from workflows.settings import Settings

__all__ = ["Terms", "settle_terms"]


class Terms(NamedTuple):
    """On what terms the blueprint is asked: by whom, in which installation, of which day, as known at which time.

    Today, and as known now, where these are None.
    """

    principal: Principal
    settings: Settings
    as_of: date | None = None
    known_at: datetime | None = None

    @property
    def day(self) -> date:
        """The day that counts."""
        return self.as_of or date.today()


def settle_terms(connection: Connection, terms: Terms) -> tuple[Terms, datetime]:
    """Return the terms with their day and time said, and that time: those of this moment where they were not.

    Raises
    ------
    RefusedOptionError
        The time whose knowledge counts has not come: what it will be nobody could have again.
    """
    now = known_now(connection)
    known_at = terms.known_at or now
    if known_at > now:
        raise RefusedOptionError(
            Text(f"{known_at.isoformat()} 尚未到来。", f"{known_at.isoformat()} has not come yet."),
            Text("省略此项,以现在所知为准。", "Leave it out: what is known now counts."),
        )
    return terms._replace(as_of=terms.day, known_at=known_at), known_at
