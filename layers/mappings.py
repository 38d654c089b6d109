"""Mappings: how the fields and codes of a delivered layer become those of a layer of the catalogue.

A plan comes with its own names for the same things. What is which is proposed here from names and values, said once by a
person, and then applied to every delivery of the kind; nothing that was delivered is lost.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import geopandas as gpd
import pandas as pd

from geocode.faults import Text
from layers.catalogue_entries import Catalogue, CodeList, Layer
from layers.days import plain_text
from layers.deliveries import Delivery
from layers.errors import refused
from layers.remarks import remark

__all__ = ["LayerMapping", "MappedCode", "MappedField", "Proposal", "apply_mapping", "check_mapping", "propose_mapping"]

# of the values of a field of classes so many are codes
_MOST_ARE = 0.8
# as many letters of a name, or bytes of it in GB18030, as a shapefile keeps
_KEPT_BYTES = 10
_LEAST_KEPT = 4
_LEAST_DIGITS = 3
_CODE_AND_NAME = re.compile(r"([0-9A-Za-z]+)[\s_\-—、::]*(\D+)")


@dataclass(frozen=True, slots=True)
class LayerMapping:
    """How a delivered layer becomes one of the catalogue.

    Attributes
    ----------
    layer
        Code of the catalogue's layer.
    fields
        The attribute that each delivered field is; a field that is not named keeps its own name.
    codes
        The class that each delivered code means; a code that is not named stays as it is.
    """

    layer: str
    fields: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)


class MappedField(NamedTuple):
    """What a delivered field seems to be: an attribute, or None, and why."""

    name: str
    attribute: str | None
    why: Text


class MappedCode(NamedTuple):
    """What a delivered code seems to mean: a class and what it is called, or None twice; and how many rows have it."""

    code: str
    rows: int
    meaning: str | None
    name: Text | None


class Proposal(NamedTuple):
    """A mapping as names and values suggest it.

    Attributes
    ----------
    mapping
        What can be told; a person looks at it before it is kept.
    fields
        Every delivered field, in the order of the file.
    codes
        The values of the field of classes, the commonest first.
    missing
        The attributes of the layer that no field is.
    """

    mapping: LayerMapping
    fields: tuple[MappedField, ...]
    codes: tuple[MappedCode, ...]
    missing: tuple[str, ...]


def propose_mapping(
    frame: gpd.GeoDataFrame, layer: Layer, catalogue: Catalogue, *, said: Mapping[str, str] | None = None
) -> Proposal:
    """Return what the fields and codes of a delivered layer seem to be in a layer of the catalogue.

    A field is told by the attribute's own name, by another that the catalogue knows for it, by the beginning of either that
    a shapefile leaves of it, and that of classes by its values as well.

    Parameters
    ----------
    frame
        As delivered, with the columns of a `Delivery`.
    said
        What a person says of fields: the attribute that one is, or an empty text where it keeps its name.

    Raises
    ------
    RefusedFile
        A field that is spoken of is not there.
    """
    stated = dict(said or {})
    if strangers := [name for name in stated if name not in frame]:
        raise refused("mapping_field_missing", names=", ".join(strangers))
    names = [str(name) for name in frame.columns if name not in {"source_id", frame.geometry.name}]
    codes = catalogue.code_lists.get(layer.class_system)
    known = _attributes(layer, catalogue)
    taken = {name: attribute for name, attribute in stated.items() if attribute}
    fields = []
    for name, attribute, why in _by_name(names, known):
        if name in stated:
            fields.append(MappedField(name, stated[name] or None, remark("field_said")))
        elif attribute is not None and attribute not in taken.values():
            taken[name] = attribute
            fields.append(MappedField(name, attribute, why))
        else:
            fields.append(MappedField(name, None, remark("field_own")))
    if codes is not None and layer.class_field and layer.class_field not in taken.values():
        classes = next(
            (name for name in names if name not in {*taken, *stated} and _holds_codes(frame[name], codes)), None
        )
        if classes is not None:
            taken[classes] = layer.class_field
            why = remark("field_by_values", system=codes.system)
            fields = [MappedField(classes, layer.class_field, why) if each.name == classes else each for each in fields]
    classes = next((name for name, attribute in taken.items() if attribute == layer.class_field), None)
    meanings = [] if codes is None or classes is None else list(_meanings(frame[classes], codes))
    mapping = LayerMapping(
        layer.code,
        {name: attribute for name, attribute in taken.items() if name != attribute},
        {each.code: each.meaning for each in meanings if each.meaning not in {None, each.code}},
    )
    missing = ["|".join(wanted) for wanted in layer.attributes if not {*wanted} & {*taken.values()}]
    return Proposal(mapping, tuple(fields), tuple(meanings), tuple(missing))


def check_mapping(mapping: LayerMapping, catalogue: Catalogue) -> LayerMapping:
    """Return a mapping with its layer's own code, once it is found to be one.

    Raises
    ------
    UnknownLayer
        The catalogue has no such layer.
    RefusedFile
        Two fields are one attribute, or a code means none of the layer's classes.
    """
    layer = catalogue.layer(mapping.layer)
    attributes = [attribute.casefold() for attribute in mapping.fields.values()]
    twice = next((name for name in mapping.fields.values() if attributes.count(name.casefold()) > 1), None)
    if twice is not None:
        raise refused("mapping_twice", attribute=twice)
    codes = catalogue.code_lists.get(layer.class_system)
    for code, meaning in mapping.codes.items():
        if codes is None or not codes.knows(meaning):
            raise refused("mapping_code", code=code, meaning=meaning, system=layer.class_system or "–")
    return replace(mapping, layer=layer.code)


def apply_mapping(delivery: Delivery, mapping: LayerMapping, layer: Layer) -> Delivery:
    """Return a delivery with the names and codes of the catalogue; a code as delivered stays beside it.

    Raises
    ------
    RefusedFile
        A field that the mapping names is not there: it is another kind of delivery.
    """
    frame = delivery.frame
    missing = [name for name in mapping.fields if name not in frame]
    if missing:
        raise refused("mapping_field_missing", names=", ".join(missing))
    # a field that bears an attribute's name and is another one keeps its values under a name of its own
    replaced = {attribute for name, attribute in mapping.fields.items() if name != attribute and attribute in frame}
    renamed = {name: f"{name}_delivered" for name in replaced if name not in mapping.fields} | dict(mapping.fields)
    frame = frame.rename(columns=renamed)
    if mapping.codes and layer.class_field in frame:
        delivered = frame[layer.class_field]
        texts = [plain_text(value) for value in delivered.tolist()]
        meant = [text if text is None else mapping.codes.get(text, text) for text in texts]
        beside = f"{layer.class_field}_delivered"
        frame = frame.assign(
            **{layer.class_field: pd.Series(meant, index=frame.index, dtype=object), beside: delivered}
        )
    ordered = [*(name for name in frame.columns if name != frame.geometry.name), frame.geometry.name]
    return replace(delivery, frame=frame[ordered])


def _attributes(layer: Layer, catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """Return the attributes that a layer may have, each with what else it is called: those that it asks for first."""
    rules = catalogue.field_rules(layer)
    asked = [name for names in layer.attributes for name in names]
    rest = [rule.name for rule in rules.values() if rule.name not in asked]
    general = {rule.name.casefold(): rule.aliases for rule in catalogue.fields if not rule.layers}
    return {
        name: (rules[key].aliases or general.get(key, ())) if (key := name.casefold()) in rules else ()
        for name in (*asked, *rest)
    }


def _by_name(names: Sequence[str], known: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str | None, Text]]:
    """Yield what each field is by its name, and why; an exact name counts before another for the same attribute."""
    folded = {name: name.strip().casefold() for name in names}
    own = {attribute.casefold(): attribute for attribute in known}
    others = {
        alias.casefold(): attribute
        for attribute, aliases in reversed([*known.items()])
        for alias in aliases
        if attribute.casefold() not in folded.values()
    }
    settled = {own.get(each, others.get(each)) for each in folded.values()}
    left = {attribute: aliases for attribute, aliases in known.items() if attribute not in settled}
    for name, each in folded.items():
        if each in own:
            yield name, own[each], remark("field_same")
        elif each in others:
            yield name, others[each], remark("field_by_alias", attribute=others[each])
        else:
            yield name, *_cut_off(name, left)


def _cut_off(name: str, known: Mapping[str, Sequence[str]]) -> tuple[str | None, Text]:
    """Return the attribute that a shapefile has left the beginning of, where it can be only one."""
    folded = name.strip().casefold()
    size = len(folded.encode("gb18030", "replace"))
    if not _LEAST_KEPT <= size <= _KEPT_BYTES:
        return None, remark("field_own")
    whole = {
        attribute: called
        for attribute, aliases in known.items()
        for called in (attribute, *aliases)
        if called.casefold().startswith(folded)
        and len(called.encode("gb18030")) > _KEPT_BYTES >= size > _KEPT_BYTES - 2
    }
    if len(whole) != 1:
        return None, remark("field_own")
    ((attribute, called),) = whole.items()
    return attribute, remark("field_cut_off", whole=called)


def _holds_codes(values: "pd.Series[Any]", codes: CodeList) -> bool:
    """Return whether most of the different values of a field are codes or what codes are called."""
    texts = {text for text in map(plain_text, values.tolist()) if text is not None}
    return bool(texts) and sum(_meaning(text, codes) is not None for text in texts) >= _MOST_ARE * len(texts)


def _meanings(values: "pd.Series[Any]", codes: CodeList) -> Iterator[MappedCode]:
    counts = pd.Series([plain_text(value) for value in values.tolist()], dtype=object).value_counts()
    for text, rows in counts.items():
        meaning = _meaning(str(text), codes)
        listed = None if meaning is None else codes.code_of(meaning)
        yield MappedCode(str(text), int(rows), meaning, None if listed is None else codes.names[listed])


def _meaning(text: str, codes: CodeList) -> str | None:
    """Return the code that a text is: itself, what it is called, without a lost zero, before its name, or finer than one."""
    called = {name.zh: code for code, name in codes.names.items()}
    if text in codes.names:
        return text
    if text in called:
        return called[text]
    match = _CODE_AND_NAME.fullmatch(text)
    if match and match[2] in called and codes.code_of(match[1]) is not None:
        return match[1]
    if codes.code_of(text) is not None:
        return text
    lost = f"0{text}"
    # a number of one or two digits is as likely to be any other number
    return lost if text.isdigit() and len(text) >= _LEAST_DIGITS and lost in codes.names else None
