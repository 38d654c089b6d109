"""What workflows report, and the JSON form of it: the same through the command line and the API."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import orjson
import shapely

from geocode import Fault, Text
from registry.stages import Stage, stage_name

__all__ = [
    "RowCounts",
    "RowReport",
    "UploadReport",
    "alias_json",
    "fault_json",
    "geometry_json",
    "row_json",
    "stage_json",
    "text_json",
    "write_records",
]


@dataclass(frozen=True, slots=True)
class RowReport:
    """What became of one row of a delivery.

    Attributes
    ----------
    row
        Position in the file, from 0.
    feature
        The row's own id in its file, where it has one.
    outcome
        ``new``, ``same``, ``revised``, ``split``, ``merged``, ``held`` (a person decides) or ``refused``.
    code
        The building's code in its grouped form.
    area_m2
        On the ellipsoid's scale at the centroid.
    fault
        Why the row is refused or held, in its JSON form; with the measures where it is held.
    review
        The id of the review in which it waits.
    more
        What else there is to tell of it, as JSON can hold it.
    warnings
        What checks found in it that somebody should look at, in JSON form, the worst first.
    """

    row: int
    feature: str | None
    name: str | None
    outcome: str
    code: str | None = None
    area_m2: float | None = None
    fault: dict[str, Any] | None = None
    review: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class RowCounts:
    """How many rows are registered, wait for a person, are refused, and how many of any outcome somebody should look at."""

    accepted: int = 0
    held: int = 0
    refused: int = 0
    warned: int = 0

    def and_of(self, reports: Sequence[RowReport]) -> "RowCounts":
        """Return the counts with those of more rows."""
        outcomes = Counter(row.outcome for row in reports)
        held, refused = outcomes["held"], outcomes["refused"]
        return RowCounts(
            self.accepted + len(reports) - held - refused,
            self.held + held,
            self.refused + refused,
            self.warned + sum(bool(row.warnings) for row in reports),
        )


@dataclass(frozen=True, slots=True)
class UploadReport:
    """What became of a delivery.

    Attributes
    ----------
    accepted, held, refused
        How many rows are registered, wait for a person, are refused; together they are all.
    warned
        How many rows of any outcome somebody should look at.
    gone
        The codes of buildings that a delivery which is complete for its area does not have.
    shift
        How it lies against the register, where the matching took that away: ``dx_m, dy_m, rows, spread_m``.
    """

    file: str
    sha256: str
    format: str
    encoding: dict[str, Any] | None
    crs: dict[str, Any]
    stage: str
    mode: str
    notes: Sequence[Text]
    results: Sequence[RowReport]
    gone: Sequence[str] = ()
    shift: dict[str, float] | None = None
    id: str | None = None
    stored: bool = False
    repeated: bool = False
    rows: int = field(init=False)
    accepted: int = field(init=False)
    held: int = field(init=False)
    refused: int = field(init=False)
    warned: int = field(init=False)

    def __post_init__(self) -> None:
        """Count the rows, where they were not counted as they came."""
        known = getattr(self.results, "counts", None)
        counts = known if isinstance(known, RowCounts) else RowCounts().and_of(self.results)
        object.__setattr__(self, "rows", len(self.results))
        for name in ("accepted", "held", "refused", "warned"):
            object.__setattr__(self, name, getattr(counts, name))

    def as_json(self) -> dict[str, Any]:
        """Return the report as it stands in an answer."""
        return {
            "id": self.id,
            **self.head_json(),
            "stored": self.stored,
            "repeated": self.repeated,
            "results": [row_json(row) for row in self.results],
        }

    def head_json(self) -> dict[str, Any]:
        """Return what the report says of the delivery as a whole, which is known before it is stored."""
        names = ("file", "sha256", "format", "encoding", "crs", "stage", "mode", "shift")
        counts = ("rows", "accepted", "held", "refused", "warned")
        return {
            **{name: getattr(self, name) for name in (*names, *counts)},
            "gone": list(self.gone),
            "notes": [text_json(note) for note in self.notes],
        }


def row_json(row: RowReport) -> dict[str, Any]:
    """Return what became of a row as it stands in an answer."""
    return {
        "row": row.row,
        "feature": row.feature,
        "name": row.name,
        "outcome": row.outcome,
        "code": row.code,
        "area_m2": row.area_m2,
        "fault": row.fault,
        "review": row.review,
        "warnings": list(row.warnings),
        **row.more,
    }


def text_json(text: Text) -> dict[str, str]:
    """Return a text in both languages."""
    return {"zh": text.zh, "en": text.en}


def stage_json(code: str, stages: Sequence[Stage] | None = None) -> dict[str, str]:
    """Return a stage as answers hold it, called as in a list of stages; the built-in one where None."""
    return {"code": code, **text_json(stage_name(code, stages))}


def alias_json(
    scheme: str,
    label: Text,
    value: str,
    *,
    computed: bool,
    source: str | None = None,
    days: tuple[str | None, str | None] = (None, None),
) -> dict[str, Any]:
    """Return a name of a building: computed from its footprint, or assigned by a source for the days between two."""
    return {
        "scheme": scheme,
        "label": text_json(label),
        "value": value,
        "computed": computed,
        "source": source,
        "valid_from": days[0],
        "valid_to": days[1],
    }


def fault_json(fault: Fault, *, lonlat: tuple[float, float] | None = None) -> dict[str, Any]:
    """Return a fault; its place in longitude and latitude where that is known."""
    return {
        "kind": fault.kind,
        "text": text_json(fault.text),
        "remedy": text_json(fault.remedy),
        "x": lonlat[0] if lonlat else None,
        "y": lonlat[1] if lonlat else None,
        "vertex": fault.vertex,
    }


def geometry_json(geometry: Any) -> dict[str, Any] | None:
    """Return a geometry as GeoJSON, with its ordinates as they are."""
    return None if geometry is None or geometry.is_empty else shapely.geometry.mapping(geometry)


def write_records(batches: Iterable[Iterable[Mapping[str, Any]]], stream: BinaryIO) -> None:
    """Write batches of records as they come as one JSON array, a record a line."""
    mark = b"[\n"
    for batch in batches:
        for record in batch:
            stream.write(mark + orjson.dumps(record))
            mark = b",\n"
        stream.flush()
    stream.write(b"[]\n" if mark == b"[\n" else b"\n]\n")
