"""The desk of the local office: what every command that works in the register opens, and closes at its end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from cli.console import answering, settings
from workflows.databases import Database, opened_database
from workflows.principals import Principal, find_principal
from workflows.rights import seen_by
from workflows.settings import Settings

__all__ = ["Desk", "at_desk"]


class Desk(NamedTuple):
    """The installation's settings, its database, and who works here."""

    settings: Settings
    database: Database
    principal: Principal


@contextmanager
def at_desk() -> Iterator[Desk]:
    """Open the register for the office of this machine; what goes wrong is told and ends the command."""
    configured = settings()
    with answering(), opened_database(configured) as database:
        principal = find_principal(database, key=None, local=True)
        yield Desk(configured, seen_by(database, lambda: principal), principal)
