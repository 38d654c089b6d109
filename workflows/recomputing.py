"""Whether a kept answer of the blueprint can be had again: the question is asked anew, and every difference is named."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from hmac import compare_digest
from itertools import chain, islice
from typing import Any, TypeAlias

from blueprint.rule_sets import RuleSet, read_rule_set
from geocode import Text
from store.database import Connection, Database, transaction
from store.errors import NotHereError
from store.rule_sets import kept_rule_set
from store.runs import canonical_sha256, read_run
from workflows.catalogues import configured_catalogue
from workflows.checking import check_ground
from workflows.conflicting import find_again
from workflows.differing import recompute_differences
from workflows.extract_runs import extract_again
from workflows.findings_runs import findings_result, question_ground
from workflows.kept_rows import altered_conflicts, altered_pieces
from workflows.principals import Principal
from workflows.reports import text_json
from workflows.runs import allowed_run, engine_versions
from workflows.settings import Settings
from workflows.siting import recompute_sites
from workflows.terms import Terms

__all__ = ["Recompute", "confirm_run", "kept_rules", "list_differences", "verify_run"]

Altered: TypeAlias = list[dict[str, Any]]
"""What is not what was found, each with its ``path``, ``kept`` and ``recomputed``."""
Recompute: TypeAlias = Callable[[Connection, Any, Settings], tuple[Mapping[str, Any], Altered]]
"""Computes the result of a run (its row) again from its inputs, with the editions and rules that they name; and tells which
of its rows, that stand in a table of their own, are not what was found."""

_MOST_DIFFERENCES = 200
_SAID = {
    "same": Text("重新计算的结果完全一致。", "Computed again, the result is the same."),
    "differs": Text("重新计算的结果不一致。", "Computed again, the result differs."),
    "damaged": Text("保存的内容与其哈希不符。", "What is kept does not have the hash that was kept with it."),
}


def verify_run(database: Database, identity: str, *, principal: Principal, settings: Settings) -> dict[str, Any]:
    """Return whether a run's result can be had again, and what differs if not.

    Returns
    -------
    dict
        ``verdict`` (``same``, ``differs``, ``damaged`` where a hash does not fit what is kept), its sentence in ``text``;
        ``sha256`` as kept and ``recomputed_sha256``; ``differences``, each with its ``path``, ``kept`` and ``recomputed``;
        ``engine``, the versions that are others today: ``name``, ``then``, ``now``.

    Raises
    ------
    NotHereError, ForbiddenError, HiddenError
        As `workflows.runs.show_run`.
    """
    with transaction(database) as connection:
        return _verified(connection, allowed_run(connection, identity, principal), settings)


def confirm_run(database: Database, identity: str, sha256: str, *, settings: Settings) -> dict[str, Any]:
    """Return what `verify_run` does to whoever holds an extract: the hash that is on it is the proof that they do.

    What differs is told by its place alone.

    Raises
    ------
    NotHereError
        There is no run of that id with that hash.
    """
    with transaction(database) as connection:
        row = read_run(connection, identity)
        if not compare_digest(row.result_sha256, sha256.lower()):
            raise NotHereError(Text("没有此编号和哈希的运算记录。", "There is no run of this id with this hash."))
        told = _verified(connection, row, settings)
    return {**told, "differences": [{"path": each["path"]} for each in told["differences"]]}


def _verified(connection: Connection, row: Any, settings: Settings) -> dict[str, Any]:
    told = {
        "id": row.id,
        "kind": row.kind,
        "as_of": row.as_of.isoformat(),
        "known_at": row.known_at.isoformat(),
        "sha256": row.result_sha256,
        "engine": _changed_engine(row.inputs, settings),
    }
    kept = {"inputs": row.inputs_sha256, "result": row.result_sha256}
    damaged = [name for name, sha256 in kept.items() if canonical_sha256(getattr(row, name)) != sha256]
    if damaged:
        differences = [
            {"path": name, "kept": kept[name], "recomputed": canonical_sha256(getattr(row, name))} for name in damaged
        ]
        return {**told, **_verdict("damaged"), "recomputed_sha256": None, "differences": differences}
    found, altered = _RECOMPUTED[row.kind](connection, row, settings)
    recomputed = canonical_sha256(found)
    differences = list(islice(chain(list_differences(row.result, found), altered), _MOST_DIFFERENCES))
    same = recomputed == row.result_sha256 and not altered
    return {
        **told,
        **_verdict("same" if same else "differs"),
        "recomputed_sha256": recomputed,
        "differences": differences,
    }


def list_differences(kept: Any, found: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """Yield where two JSON values differ: the path, and what stands there in each; None where there is nothing.

    Rows of a list are compared by what they are called (``findings[R07 GH2201]``), whatever their order.
    """
    if isinstance(kept, Mapping) and isinstance(found, Mapping):
        for key in sorted({*kept, *found}):
            yield from list_differences(kept.get(key), found.get(key), f"{path}/{key}".lstrip("/"))
    elif _is_list(kept) and _is_list(found) and not _are_numbers(kept):
        left, right = _by_name(kept), _by_name(found)
        for name in sorted({*left, *right}):
            yield from list_differences(left.get(name), right.get(name), f"{path}[{name}]")
    elif kept != found:
        yield {"path": path, "kept": kept, "recomputed": found}


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _are_numbers(values: Sequence[Any]) -> bool:
    """Tell whether a list is coordinates or the like: one value, that differs as a whole."""
    return all(not isinstance(each, Mapping) for each in values)


def _by_name(rows: Sequence[Any]) -> dict[str, Any]:
    """Return the rows of a list by what they are called; by their position where two are called the same."""
    names = [_name(row) for row in rows]
    if "" in names or len(set(names)) < len(names):
        names = [str(position) for position in range(len(rows))]
    return dict(zip(names, rows, strict=True))


def _name(row: Any) -> str:
    """Return what a row is called: a finding by its rule and layer, what else by its code or id."""
    said = [row.get(key) for key in ("rule", "code", "layer", "id")] if isinstance(row, Mapping) else []
    said = [each["code"] if isinstance(each, Mapping) else each for each in said]
    return " ".join(str(each) for each in said if each is not None)


def _changed_engine(inputs: Mapping[str, Any], settings: Settings) -> list[dict[str, str | None]]:
    """Return what computes otherwise today: versions, and the catalogue where names and levels came from it."""
    then, now = dict(inputs["engine"]), dict(engine_versions())
    if catalogue := inputs["question"].get("catalogue"):
        then["catalogue"], now["catalogue"] = catalogue, configured_catalogue(settings).version
    return [
        {"name": name, "then": then.get(name), "now": now.get(name)}
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    ]


def kept_rules(connection: Connection, row: Any) -> RuleSet:
    """Return the set of rules by which a run was made."""
    return read_rule_set(kept_rule_set(connection, row.rule_set_version))


def _extract(connection: Connection, row: Any, settings: Settings) -> tuple[Mapping[str, Any], Altered]:
    return extract_again(connection, row.inputs, kept_rules(connection, row), settings), []


def _conflicts(connection: Connection, row: Any, settings: Settings) -> tuple[Mapping[str, Any], Altered]:
    rules = kept_rules(connection, row)
    result, found = find_again(connection, row.inputs, rules, documents=settings.documents)
    return result, altered_conflicts(connection, row.id, found, row.inputs["question"]["plane"])


def _differences(connection: Connection, row: Any, _settings: Settings) -> tuple[Mapping[str, Any], Altered]:
    result, pieces = recompute_differences(connection, row.inputs, kept_rules(connection, row))
    return result, altered_pieces(connection, row.id, pieces)


def _findings(connection: Connection, row: Any, settings: Settings) -> tuple[Mapping[str, Any], Altered]:
    question = row.inputs["question"]
    ground = question_ground(question)
    principal = Principal(row.office_id, Text(row.office_zh, row.office_en), row.actor, question["role"])
    terms = Terms(principal, settings, row.as_of, row.known_at)
    found = check_ground(connection, ground, terms=terms, rules=kept_rules(connection, row))
    labels = zip(ground["code"], ground["name"], strict=True)
    told = [found[i].as_json(code, name, terms) for i, (code, name) in enumerate(labels)]
    return findings_result(ground, told, inputs=row.inputs), []


def _sites(connection: Connection, row: Any, settings: Settings) -> tuple[Mapping[str, Any], Altered]:
    return recompute_sites(connection, row.inputs, kept_rules(connection, row), settings), []


_RECOMPUTED: dict[str, Recompute] = {
    "findings": _findings,
    "extract": _extract,
    "conflicts": _conflicts,
    "differences": _differences,
    "sites": _sites,
}


def _verdict(verdict: str) -> dict[str, Any]:
    return {"verdict": verdict, "text": text_json(_SAID[verdict])}
