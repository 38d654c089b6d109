"""Mappings of delivered layers: proposed from a file, kept by an office under a name, and found again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from geocode import Text
from layers.catalogue import load_catalogue
from layers.catalogue_entries import Catalogue
from layers.confined.reading import read_confined
from layers.mappings import LayerMapping, Proposal, check_mapping, propose_mapping
from store.database import Connection, Database, transaction
from store.mappings import add_mapping, get_mapping
from store.mappings import list_mappings as list_stored
from workflows.errors import RefusedOptionError
from workflows.principals import Principal
from workflows.reports import text_json
from workflows.rights import allow

__all__ = ["find_mapping", "list_mappings", "mapping_of", "propose", "save_mapping", "show_mapping"]

_MOST_LETTERS = 80
_SAID = TypeAdapter(dict[str, Any], config=ConfigDict(strict=True))
_NAMES = TypeAdapter(dict[str, str], config=ConfigDict(strict=True))


def propose(  # noqa: PLR0913 - what is said of a file, each by its name
    path: Path,
    *,
    as_layer: str,
    principal: Principal,
    layer: str | None = None,
    crs: str | None = None,
    fields: Mapping[str, str] | None = None,
    file: str | None = None,
    catalogue: Catalogue | None = None,
) -> dict[str, Any]:
    """Return what the fields and codes of a file's layer seem to be in a layer of the catalogue; nothing is stored.

    Parameters
    ----------
    as_layer
        Code of the catalogue's layer.
    layer, crs
        The file's layer, and the CRS of its coordinates, where the file does not tell.
    fields
        As `said` of `propose_mapping`.

    Returns
    -------
    dict
        ``mapping``, as `save_mapping` takes it; ``fields`` with ``name, attribute, why``; ``codes`` with ``code, rows,
        meaning, called``; ``missing``, the layer's attributes that no field is.

    Raises
    ------
    RefusedFile, UnknownLayer
        The file cannot be read, or the catalogue has no such layer.
    """
    allow(principal, "publish")
    catalogue = catalogue or load_catalogue()
    wanted = catalogue.layer(as_layer)
    delivery = read_confined(path, crs=crs, layer=layer, name=file)
    proposal = propose_mapping(delivery.frame, wanted, catalogue, said=fields)
    return {"file": delivery.file, "layer": delivery.layer, **_proposal_json(proposal)}


def mapping_of(said: Mapping[str, Any]) -> LayerMapping:
    """Return the mapping that a person's JSON says: ``layer``, ``fields``, ``codes``.

    Raises
    ------
    RefusedOptionError
        It has other members, or values that are no text.
    """
    try:
        known = _SAID.validate_python(dict(said))
        fields, codes = (_NAMES.validate_python(known.pop(name, {})) for name in ("fields", "codes"))
        layer = TypeAdapter(str).validate_python(known.pop("layer", None))
    except ValidationError as error:
        raise _no_mapping(str(error.errors()[0]["msg"])) from error
    if known:
        raise _no_mapping(", ".join(sorted(known)))
    return LayerMapping(layer, fields, codes)


def save_mapping(
    database: Database,
    name: str,
    mapping: LayerMapping,
    *,
    principal: Principal,
    catalogue: Catalogue | None = None,
) -> dict[str, Any]:
    """Keep a mapping under a name and return it with its version; what says the same is the same version.

    Raises
    ------
    RefusedOptionError
        The name is empty, too long, or holds a slash.
    UnknownLayer, RefusedFile
        As `check_mapping`.
    """
    allow(principal, "publish")
    name = name.strip()
    if not name or len(name) > _MOST_LETTERS or "/" in name:
        raise RefusedOptionError(
            Text(f"“{name[:20]}”不能作为映射的名称。", f"“{name[:20]}” is no name for a mapping."),
            Text(
                f"用 1 至 {_MOST_LETTERS} 个字符,不含“/”。", f"Take 1 to {_MOST_LETTERS} letters, none of them a “/”."
            ),
        )
    checked = check_mapping(mapping, catalogue or load_catalogue())
    values = {
        "office_id": principal.office_id,
        "name": name,
        "layer": checked.layer,
        "content": {"fields": dict(checked.fields), "codes": dict(checked.codes)},
        "actor": principal.actor,
    }
    with transaction(database) as connection:
        return _mapping_json(add_mapping(connection, values))


def list_mappings(
    database: Database, *, principal: Principal, after: str | None = None, most: int | None = None
) -> list[dict[str, Any]]:
    """Return the mappings of the office in their newest versions, by name; those behind a name, where one is told."""
    allow(principal, "publish")
    with transaction(database) as connection:
        rows = list_stored(connection, office_id=principal.office_id, after=after, most=most)
    return [_mapping_json(row) for row in rows]


def show_mapping(database: Database, name: str, *, principal: Principal, version: int | None = None) -> dict[str, Any]:
    """Return a mapping of the office, the newest version unless one is told.

    Raises
    ------
    NotHereError
        There is none.
    """
    allow(principal, "publish")
    with transaction(database) as connection:
        return _mapping_json(get_mapping(connection, name, office_id=principal.office_id, version=version))


def find_mapping(
    connection: Connection, name: str | None, *, principal: Principal
) -> tuple[str, LayerMapping] | tuple[None, None]:
    """Return what an edition remembers a mapping of the office by, ``name v1``, and its newest version; None twice without a name.

    Raises
    ------
    NotHereError
        There is none.
    """
    if name is None:
        return None, None
    row = get_mapping(connection, name, office_id=principal.office_id)
    return f"{row.name} v{row.version}", LayerMapping(row.layer, row.content["fields"], row.content["codes"])


def _no_mapping(reason: str) -> RefusedOptionError:
    return RefusedOptionError(
        Text(f"这不是映射:{reason}。", f"This is no mapping: {reason}."),
        Text(
            '写成 {"layer": "GH2103", "fields": {"用地代码": "YDYHFLDM"}, "codes": {"R2": "0701"}}。',
            'Write it as {"layer": "GH2103", "fields": {"landuse": "YDYHFLDM"}, "codes": {"R2": "0701"}}.',
        ),
    )


def _mapping_json(row: Any) -> dict[str, Any]:
    return {
        "name": row.name,
        "version": row.version,
        "layer": row.layer,
        **row.content,
        "actor": row.actor,
        "recorded_at": row.recorded_at.isoformat(),
    }


def _proposal_json(proposal: Proposal) -> dict[str, Any]:
    mapping = proposal.mapping
    return {
        "mapping": {"layer": mapping.layer, "fields": dict(mapping.fields), "codes": dict(mapping.codes)},
        "fields": [
            {"name": each.name, "attribute": each.attribute, "why": text_json(each.why)} for each in proposal.fields
        ],
        "codes": [
            {
                "code": each.code,
                "rows": each.rows,
                "meaning": each.meaning,
                "called": None if each.name is None else text_json(each.name),
            }
            for each in proposal.codes
        ],
        "missing": list(proposal.missing),
    }
