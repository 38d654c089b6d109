"""Cases of conflicts and differences: opened, spoken to entry by entry, listed with where they stand and lie now."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import shapely

from geocode import Text
from layers.catalogue import load_catalogue
from layers.catalogue_entries import Catalogue
from store.cases import add_entries, get_case, list_cases, open_case, read_entries
from store.database import Connection, Database, transaction
from store.runs import read_run
from workflows.comparisons import SIDES
from workflows.errors import RefusedOptionError
from workflows.idempotency import once
from workflows.layer_rights import may_see
from workflows.principals import Principal
from workflows.reports import geometry_json, text_json
from workflows.rights import allow, only_office

__all__ = ["FIELDS", "add_to_case", "case_choices", "find_cases", "ledger_rows", "read_case", "start_case"]

FIELDS = ("reason", "coordination", "opinion", "effective_from", "status")
_CHOSEN = ("coordination", "status")
_MOST_CHARACTERS = 2_000
_SUBJECTS = ("conflict", "difference")


def start_case(  # noqa: PLR0913 - what is opened, by whom, and how
    database: Database,
    subject: str,
    ground: int,
    said: Mapping[str, str],
    *,
    principal: Principal,
    idempotency_key: str | None = None,
    catalogue: Catalogue | None = None,
) -> dict[str, Any]:
    """Open the case of a conflict or a difference, with first entries, and return it; one that is open already is gone on with.

    Parameters
    ----------
    subject, ground
        ``conflict`` or ``difference``, and its id.
    said
        Entries: of the `FIELDS`, what is said.

    Raises
    ------
    NotHereError
        There is no such conflict or difference.
    RefusedOptionError
        An entry that says nothing that the field takes.
    ForbiddenError
        The role coordinates nothing.
    """
    allow(principal, "coordinate")
    if subject not in _SUBJECTS:
        raise _unknown("subject", subject, _SUBJECTS)
    entries = _entries(said, principal)
    asked = {"case": subject, "ground": ground, "said": dict(said)}

    def work() -> dict[str, Any]:
        office, actor = principal.office_id, principal.actor
        case = open_case(connection, office_id=office, actor=actor, subject=subject, ground_id=ground)
        if entries:
            add_entries(connection, case, entries)
        return _told(connection, case, principal, catalogue)

    with transaction(database) as connection:
        return once(connection, principal, idempotency_key, asked, work)


def add_to_case(
    database: Database,
    identity: str,
    said: Mapping[str, str],
    *,
    principal: Principal,
    idempotency_key: str | None = None,
    catalogue: Catalogue | None = None,
) -> dict[str, Any]:
    """Add entries to a case and return it; what was said before stays, and the last of each field counts.

    An opinion is that of the principal's role.

    Raises
    ------
    NotHereError, RefusedOptionError, ForbiddenError
        As `start_case`.
    """
    allow(principal, "coordinate")
    entries = _entries(said, principal)
    if not entries:
        raise RefusedOptionError(
            Text("没有要记入的内容。", "Nothing is said."),
            Text(f"至少填写一项:{', '.join(FIELDS)}。", f"Say at least one of: {', '.join(FIELDS)}."),
        )

    def work() -> dict[str, Any]:
        add_entries(connection, str(get_case(connection, identity).id), entries)
        return _told(connection, identity, principal, catalogue)

    with transaction(database) as connection:
        return once(connection, principal, idempotency_key, {"case": identity, "said": dict(said)}, work)


def read_case(
    database: Database, identity: str, *, principal: Principal, catalogue: Catalogue | None = None
) -> dict[str, Any]:
    """Return a case with all of its entries; where it lies, to whom may see both layers.

    Raises
    ------
    NotHereError, ForbiddenError, HiddenError
        There is none, or the role reads none, or not those of another office.
    """
    allow(principal, "read_blueprint")  # whoever reads none is not told which there are
    with transaction(database) as connection:
        office = get_case(connection, identity).office_id
        allow(principal, "read_blueprint", office_id=office)
        return _told(connection, identity, principal, catalogue)


def find_cases(  # noqa: PLR0913 - one for each thing that is asked
    database: Database,
    *,
    principal: Principal,
    subject: str | None = None,
    status: str | None = None,
    after: str | None = None,
    most: int | None = None,
    catalogue: Catalogue | None = None,
) -> list[dict[str, Any]]:
    """Return the cases that a principal may see, the newest first, each with its state and its last entries.

    Parameters
    ----------
    subject
        ``conflict`` or ``difference``; both where None.
    status
        Those in this state alone.
    after
        The id of a case: those that come behind it alone.
    most
        How many at most; all of them where None.
    """
    own = only_office(principal, allow(principal, "read_blueprint"))
    with transaction(database) as connection:
        rows = ledger_rows(connection, subject=subject, office_id=own, after=after)
        wanted = [row for row in rows if status is None or row["status"]["code"] == status][:most]
        _leave_out_secrets(connection, wanted, principal, catalogue)
    return wanted


def ledger_rows(
    connection: Connection, *, subject: str | None = None, office_id: int | None = None, after: str | None = None
) -> list[dict[str, Any]]:
    """Return the ledger of cases, the newest first: each with its state, its last entries and where it lies now.

    It is not looked at here who may see the ground.
    """
    rows = list_cases(connection, subject=subject, office_id=office_id, after=after)
    entries = read_entries(connection, [str(row.id) for row in rows])
    return [_case_json(row, entries[str(row.id)]) for row in rows]


def case_choices() -> dict[str, list[dict[str, Any]]]:
    """Return what may be chosen for the fields that are chosen, as an answer holds it."""
    return {
        field: [{"code": code, **text_json(name)} for code, name in choices.items()]
        for field, choices in _choices().items()
    }


@cache
def _choices() -> dict[str, dict[str, Text]]:
    table = tomllib.loads(files("workflows").joinpath("cases.toml").read_text(encoding="utf-8"))
    return {field: {row["code"]: Text(**row["name"]) for row in table[field]} for field in _CHOSEN}


def _entries(said: Mapping[str, str], principal: Principal) -> list[dict[str, Any]]:
    """Return what is said as rows."""
    own = {"office_id": principal.office_id, "actor": principal.actor, "role": principal.role}
    return [{**own, "field": field, "value": _checked(field, value)} for field, value in said.items()]


def _checked(field: str, value: str) -> str:
    """Return what is said in a field as it is kept.

    Raises
    ------
    RefusedOptionError
        It says nothing, too much, or nothing that the field takes.
    """
    if field not in FIELDS:
        raise _unknown("field", field, FIELDS)
    if field in _CHOSEN and value not in _choices()[field]:
        raise _unknown(field, value, list(_choices()[field]))
    if field == "effective_from":
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            raise _unknown(field, value, ["YYYY-MM-DD"]) from None
    if not value.strip() or len(value) > _MOST_CHARACTERS:
        raise RefusedOptionError(
            Text(
                f"“{field}”须有内容,且不超过 {_MOST_CHARACTERS} 字。",
                f"“{field}” must say something, in {_MOST_CHARACTERS} characters at most.",
            ),
            Text("改写后重新提交。", "Write it anew."),
        )
    return value.strip()


def _unknown(field: str, value: str, known: Sequence[str]) -> RefusedOptionError:
    listed = ", ".join(known)
    return RefusedOptionError(
        Text(f"“{value}”不是 {field} 的取值。", f"“{value}” is no value of {field}."),
        Text(f"取值:{listed}。", f"It is one of: {listed}."),
    )


def _told(connection: Connection, identity: str, principal: Principal, catalogue: Catalogue | None) -> dict[str, Any]:
    row = get_case(connection, identity)
    entries = read_entries(connection, [str(row.id)])[str(row.id)]
    told = {**_case_json(row, entries), "entries": [_entry_json(entry) for entry in entries]}
    _leave_out_secrets(connection, [told], principal, catalogue)
    return told


def _leave_out_secrets(
    connection: Connection, cases: Sequence[dict[str, Any]], principal: Principal, catalogue: Catalogue | None
) -> None:
    """Leave the ground of layers that a principal may not see out of cases: that there is a case, it is told."""
    catalogue, layers_by_run = catalogue or load_catalogue(), dict[str, list[str]]()
    for case in cases:
        ground = case["ground"]
        if ground is None:
            continue
        if case["subject"] == "conflict":
            layers = [ground["left_layer"], ground["right_layer"]]
        else:
            run = ground["run"]
            layers = layers_by_run.get(run) or _compared(connection, run)
            layers_by_run[run] = layers
        ground["secret"] = not all(each in catalogue and may_see(principal, catalogue.layer(each)) for each in layers)
        if ground["secret"]:
            ground["geometry"] = None


def _compared(connection: Connection, run: str) -> list[str]:
    """Return the layers that a comparison was between: its pieces do not say."""
    question = read_run(connection, run).inputs["question"]
    return [question[side]["layer"] for side in SIDES]


def _case_json(row: Any, entries: Sequence[Any]) -> dict[str, Any]:
    last = {entry.field: entry.value for entry in entries if entry.field != "opinion"}
    opinions = {(entry.office_id, entry.role): entry for entry in entries if entry.field == "opinion"}
    return {
        "id": str(row.id),
        "subject": row.subject,
        "office": {"zh": row.name_zh, "en": row.name_en},
        "opened_by": row.actor,
        "opened_at": row.recorded_at.isoformat(),
        "status": _choice("status", last.get("status", "open")),
        "coordination": _choice("coordination", last["coordination"]) if "coordination" in last else None,
        "reason": last.get("reason"),
        "effective_from": last.get("effective_from"),
        "opinions": [_entry_json(entry) for entry in opinions.values()],
        "ground": _ground_json(row),
    }


def _ground_json(row: Any) -> dict[str, Any] | None:
    """Return what a case is about in the newest run that knows of it; None where its conflict is there no more."""
    prefix = f"{row.subject}_"
    identity = getattr(row, f"{prefix}id")
    if identity is None:
        return None
    own = {name.removeprefix(prefix): value for name, value in row._asdict().items() if name.startswith(prefix)}
    return {**own, "run": str(row.run_id), "iou": row.iou, "geometry": geometry_json(_shape(row.geom))}


def _shape(wkb: Any) -> Any:
    return None if wkb is None else shapely.from_wkb(bytes(wkb))


def _choice(field: str, code: str) -> dict[str, str]:
    return {"code": code, **text_json(_choices()[field].get(code, Text(code, code)))}


def _entry_json(entry: Any) -> dict[str, Any]:
    value = _choice(entry.field, entry.value) if entry.field in _CHOSEN else entry.value
    return {
        "field": entry.field,
        "value": value,
        "role": entry.role,
        "office": {"zh": entry.name_zh, "en": entry.name_en},
        "actor": entry.actor,
        "recorded_at": entry.recorded_at.isoformat(),
    }
