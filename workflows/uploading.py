"""A delivery into the register: read, check, match, issue codes; all of it or none, in one transaction."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, TypeVar

from geocode import Text
from layers.catalogue_entries import Catalogue
from layers.confined.kept import KeptDelivery
from layers.entries import ReadOptions
from registry.aliases import Scheme
from registry.procedures import Procedure
from store.ahead import one_ahead
from store.database import Connection, Database, transaction
from store.documents import Documents, keep_bytes
from store.errors import DatabaseError
from store.uploads import claim_content, find_upload
from workflows.deliveries import PART_ROWS
from workflows.delivery_options import DeliveryOptions, identifying, refuse_options
from workflows.errors import RefusedDeliveryError
from workflows.idempotency import once
from workflows.matching import match_rows
from workflows.parts import Division, divide
from workflows.placing import ground_of_office, open_placed
from workflows.principals import Principal
from workflows.progress import Progress, unheard
from workflows.registering import GatheredPart, MatchedPart, Registration
from workflows.reports import UploadReport
from workflows.rights import allow
from workflows.row_checks import prepare_checked
from workflows.this_process import give_back_memory
from workflows.upload_reports import DeliveryAccount, report_rows, stored_report

__all__ = ["DeliveryCheck", "matched_parts", "place_for", "upload_file"]

_PLAIN = ReadOptions()
# how many large deliveries one process works on at once, and how long anybody waits for a place
_LARGE_AT_ONCE, _PATIENCE_S = 2, 20.0
_places = BoundedSemaphore(_LARGE_AT_ONCE)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryCheck:
    """By what a delivery is checked: see `prepare_checked`."""

    options: DeliveryOptions
    schemes: Sequence[Scheme] | None = None
    catalogue: Catalogue | None = None
    extent: Any = None


def upload_file(  # noqa: PLR0913 - what, for whom, and how
    database: Database,
    path: Path,
    *,
    principal: Principal,
    documents: Documents,
    options: DeliveryOptions,
    file: str | None = None,
    schemes: Sequence[Scheme] | None = None,
    procedure: Procedure | None = None,
    catalogue: Catalogue | None = None,
    reading: ReadOptions = _PLAIN,
    progress: Progress = unheard,
    key: str | None = None,
    part_rows: int = PART_ROWS,
) -> UploadReport:
    """Register the footprints of a file and report on every row.

    Parameters
    ----------
    documents
        Folder in which the delivered bytes are kept.
    file
        The file's name as delivered, where `path` is a copy.
    schemes
        Those that the rows' aliases may be of, as `configured_schemes` returns them; the built-in ones where None.
    procedure
        As `configured_procedure` returns it: which stages an upload enters by itself; the built-in one where None.
    catalogue
        As `configured_catalogue` returns it: which fields a delivery of buildings has; the built-in one where None.
    reading
        As `configured_reading` returns it: what is known of deliveries beforehand.
    progress
        Hears how far it has come; what that raises ends it, and nothing is stored.
    key
        The client's Idempotency-Key.
    part_rows
        About how many rows are worked on at once; memory is by these.

    Raises
    ------
    RefusedFile, CrsError
        The file cannot be read, or its CRS is refused.
    RefusedDeliveryError
        Mode ``all`` and a row is refused, or no row is good. Nothing is stored.
    StageError, RefusedOptionError
        An unknown stage or mode.
    ReusedKeyError, StillRunningError
        The key was another request's, or that one is being answered.

    Notes
    -----
    The same bytes with the same options are the same upload: its report comes back, `repeated`.
    """
    allow(principal, "upload")
    refuse_options(options)
    progress("reading")
    with open_placed(database, path, principal=principal, options=options, file=file, reading=reading) as kept:
        extent = ground_of_office(database, principal)
        check = DeliveryCheck(options=options, schemes=schemes, catalogue=catalogue, extent=extent)
        wanted, sha256 = identifying(options), kept.head.sha256
        with place_for(database, kept.rows > part_rows) as aside, transaction(database) as connection:
            # what was answered under the key is found again by its content
            once(connection, principal, key, {"act": "upload", "sha256": sha256, "options": wanted}, dict)
            claim_content(connection, office_id=principal.office_id, sha256=sha256)
            stored = find_upload(connection, office_id=principal.office_id, sha256=sha256, options=wanted)
            if stored is not None:
                return stored_report(connection, stored, principal.office_id, repeated=True)
            progress("checking")
            division = divide(connection, kept, hold=True, is_whole=options.complete, part_rows=part_rows)
            account = DeliveryAccount(kept.head, kept.rows, options, in_parts=len(division.parts) > 1)
            registration = Registration(
                connection, kept.head, head=account.head, principal=principal, options=wanted, procedure=procedure
            )
            progress("matching")
            with matched_parts(connection, aside, kept, division, check, then=registration.gather) as parts:
                report = _register(parts, registration, account, division, options, progress)
            keep_bytes(documents, path, sha256)
            progress("recording")
            if len(division.parts) > 1:
                give_back_memory()
            return registration.end(report)


@contextmanager
def place_for(database: Database, is_large: bool) -> Iterator[Connection | None]:  # noqa: FBT001 - what it is a place for
    """Yield a second connection for a delivery of several parts, of which few are worked on at once; None for others.

    It is had before anything is held: who has one of two could wait for the other forever.

    Raises
    ------
    DatabaseError
        As many as may be are worked on, and none of them has ended for a while.
    """
    if not is_large:
        yield None
        return
    if not _places.acquire(timeout=_PATIENCE_S):
        raise DatabaseError(
            Text(
                "正在处理其他大的成果,请稍后重试,或作为任务提交(Prefer: respond-async)。",
                "Other large deliveries are being worked on: try again later, or send it as a job (Prefer: respond-async).",
            )
        )
    try:
        with transaction(database) as aside:
            yield aside
    finally:
        _places.release()


@contextmanager
def matched_parts(
    connection: Connection,
    aside: Connection | None,
    kept: KeptDelivery,
    division: Division,
    check: DeliveryCheck,
    *,
    then: Callable[[MatchedPart], _T],
) -> Iterator[Iterator[_T]]:
    """Yield the parts of a delivery, checked and matched; where there are several, while the one before is being written.

    Parameters
    ----------
    connection
        That of the transaction in which they are written.
    aside
        As `place_for` yields it: that in which several parts are matched, and nothing is written.
    then
        What becomes of each part before it is taken.
    """
    if aside is None or len(division.parts) == 1:
        yield (then(part) for part in _matched(connection, kept, division, check))
        return
    # parts share nothing: what is written of one tells nothing of the next
    matched = _matched(aside, kept, division, check)
    with one_ahead(then(part) for part in matched) as parts:
        yield parts


def _register(
    parts: Iterator[GatheredPart],
    registration: Registration,
    account: DeliveryAccount,
    division: Division,
    options: DeliveryOptions,
    progress: Progress,
) -> UploadReport:
    """Write the good rows of a delivery, part by part, and return the report.

    Raises
    ------
    RefusedDeliveryError
        All rows are to be good, and one is not, or none is: nothing of the transaction may be kept.
    """
    shift, gone, done, is_good = division.shift, list[str](), 0, True
    for gathered in parts:
        part = gathered.part
        progress("registering", done, account.head["rows"])
        is_good = is_good and not (options.mode == "all" and any(row.outcome == "refused" for row in part.reports))
        account.add(part.prepared, registration.add(gathered) if is_good else part.reports)
        shift, done = shift or part.match.shift, done + len(part.reports)
        gone += part.match.gone
    if not is_good:
        account.undo()
    report = account.report(shift=shift, gone=gone)
    if report.accepted + report.held == 0 or not is_good:
        raise RefusedDeliveryError(report)
    return report


def _matched(
    connection: Connection, kept: KeptDelivery, division: Division, check: DeliveryCheck
) -> Generator[MatchedPart, None, None]:
    options = check.options
    for rows in division.parts:
        prepared = prepare_checked(
            kept.take(rows),
            schemes=check.schemes,
            catalogue=check.catalogue,
            extent=check.extent,
            fix=options.fix,
            plane=division.plane,
        )
        match = match_rows(
            connection,
            prepared,
            is_complete=options.complete,
            hold=division.is_to_be_held,
            shift=division.shift,
            is_built_on=division.is_built_on,
        )
        yield MatchedPart(prepared, match, report_rows(prepared, match, stage=options.stage))
