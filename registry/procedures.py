"""The procedure of an installation: its stages, deadlines, tolerances and calendar, the built-in ones or as its city has them."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from registry.deadlines import Calendar, Deadline, load_deadlines
from registry.differences import Tolerance, load_tolerances
from registry.errors import SchemeFileError, StageFileError, refused_procedure
from registry.patterns import compile_pattern
from registry.stages import Stage, document_kinds, load_stages, read_rows

__all__ = ["Procedure", "load_procedure", "read_procedure"]


@dataclass(frozen=True, slots=True)
class Procedure:
    """What stages there are and what they ask for, what is due after them, how far their geometries may differ."""

    stages: tuple[Stage, ...] = field(default_factory=load_stages)
    deadlines: tuple[Deadline, ...] = field(default_factory=load_deadlines)
    tolerances: tuple[Tolerance, ...] = field(default_factory=load_tolerances)
    calendar: Calendar = field(default_factory=Calendar)


@cache
def load_procedure() -> Procedure:
    """Return the procedure as it is where no city changes it."""
    return Procedure()


def read_procedure(text: str, *, file: str) -> Procedure:
    """Return the procedure with a city's file.

    Parameters
    ----------
    text
        TOML: ``[[stage]]``, ``[[deadline]]`` and ``[[tolerance]]`` with the keys that differ from the built-in row of the
        same code or id; deadlines and tolerances of a new id are added. ``[calendar]``: ``holidays`` and ``workdays``.
    file
        What the file is called in refusals.

    Raises
    ------
    StageFileError
        It is no TOML, or something in it cannot be used; with the file, and which row.
    """
    try:
        return _read(text)
    except StageFileError as error:
        error.file = file
        raise


def _read(text: str) -> Procedure:
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        raise refused_procedure("procedure_toml", line=int(place[1]) if place else None, reason=str(error)) from error
    unknown = given.keys() - {"stage", "deadline", "tolerance", "calendar"}
    if unknown:
        raise refused_procedure("procedure_key", key=", ".join(sorted(unknown)))
    built_in = [{**row, "order": order} for order, row in enumerate(read_rows("stages.toml", "stage"))]
    stages = [_built(Stage, row) for row in _merged(built_in, given.get("stage", []), "code")]
    if len(stages) > len(built_in):
        raise refused_procedure(
            "procedure_stage", stage=stages[-1].code, known=", ".join(row["code"] for row in built_in)
        )
    deadlines = _merged(read_rows("deadlines.toml", "deadline"), given.get("deadline", []), "id")
    tolerances = _merged(read_rows("tolerances.toml", "tolerance"), given.get("tolerance", []), "id")
    procedure = Procedure(
        tuple(stages),
        tuple(_built(Deadline, row) for row in deadlines),
        tuple(_built(Tolerance, row) for row in tolerances),
        _built(Calendar, given.get("calendar", {})),
    )
    _refuse_unknown(procedure)
    return procedure


def _merged(rows: Iterable[Mapping[str, Any]], own: Any, key: str) -> list[dict[str, Any]]:
    """Return rows, each with what the city's row of the same key says instead, then the city's other rows."""
    if not isinstance(own, list) or not all(isinstance(row, dict) and isinstance(row.get(key), str) for row in own):
        raise refused_procedure("procedure_row", key=key)
    merged: dict[str, dict[str, Any]] = {row[key]: dict(row) for row in rows}
    for row in own:
        # where a stage stands in the list is not the city's
        merged[row[key]] = merged.get(row[key], {"order": len(merged)} if key == "code" else {}) | row
    return list(merged.values())


def _built(kind: Any, row: Mapping[str, Any]) -> Any:
    try:
        return TypeAdapter(kind).validate_python(row)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in (row.get("code") or row.get("id") or "calendar", *first["loc"]))
        raise refused_procedure("procedure_value", place=place, reason=first["msg"].rstrip(".")) from error


def _refuse_unknown(procedure: Procedure) -> None:
    """Raise where something names a stage or a kind of document that there is not, or a form that no number may have."""
    codes = [stage.code for stage in procedure.stages]
    for stage in procedure.stages:
        _refuse_names(stage.code, codes, [*stage.after, *stage.closed_by])
        _refuse_names(stage.code, document_kinds().keys(), stage.documents)
        if stage.certificate is not None:
            try:
                compile_pattern(stage.certificate.pattern)
            except SchemeFileError as error:
                place = f"{stage.code}.certificate.pattern"
                raise refused_procedure(
                    "procedure_value", place=place, reason=error.fault.text.en.rstrip(".")
                ) from error
    for deadline in procedure.deadlines:
        _refuse_names(deadline.id, codes, [deadline.start, *deadline.until])
        _refuse_names(deadline.id, document_kinds().keys(), deadline.by_documents)
    for tolerance in procedure.tolerances:
        _refuse_names(tolerance.id, codes, tolerance.between)


def _refuse_names(place: str, known: Iterable[str], names: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise refused_procedure("procedure_name", place=place, name=name, known=", ".join(known))
