"""What a rule says besides its layers, read from the tables of its TOML: sides, ratios, uses, surfaces, cells."""

import re

from blueprint.rule_kinds import (
    FOOTPRINT,
    Comparison,
    Differ,
    Edges,
    Match,
    Quality,
    Ratio,
    Reading,
    Suits,
    Surface,
)
from blueprint.tables import Table
from blueprint.vocabulary import Vocabulary

__all__ = [
    "read_comparison",
    "read_differ",
    "read_edges",
    "read_match",
    "read_quality",
    "read_ratio",
    "read_reading",
    "read_suits",
    "read_surface",
    "take_layers",
    "take_names",
]

_LAYER_CODE = re.compile(r"[A-Z]{2}[0-9]{4}")
_STATISTICS = ("max", "mean", "p95", "area_above")
_ALONG = ("ground", "facade")


def read_differ(table: Table) -> Differ:
    """Return which attributes of a pair have to differ."""
    differ = Differ(table.take("a", str), table.take("b", str), table.take("characters", int))
    if differ.characters < 1:
        table.refuse("characters", "no_characters")
    return differ


def read_suits(table: Table, vocabulary: Vocabulary) -> Suits:
    """Return which uses of a pair must suit each other."""
    name = table.take("matrix", str)
    return Suits(table.take("a", str), table.take("b", str), name, vocabulary.matrices.get(name))


def read_comparison(table: Table, vocabulary: Vocabulary) -> Comparison:
    """Return how two uses are compared: by a matrix, or by their first characters."""
    words_name, matrix_name = table.take("words", str, default=""), table.take("matrix", str, default="")
    comparison = Comparison(
        of=table.take("of", str),
        against=table.take("against", str),
        characters=table.take("characters", int, default=0),
        words_name=words_name,
        words=vocabulary.words.get(words_name, {}),
        matrix_name=matrix_name,
        matrix=vocabulary.matrices.get(matrix_name),
    )
    if bool(matrix_name) == (comparison.characters > 0):
        table.refuse("matrix", "no_comparison")
    return comparison


def read_ratio(table: Table) -> Ratio:
    """Return what is divided by what."""
    return Ratio(
        of=table.take("of", str),
        area=table.take("area", str),
        others=take_layers(table, "others")[0] if table.has("others") else "",
        others_attribute=table.take("others_attribute", str, default=""),
    )


def read_edges(table: Table) -> Edges:
    """Return how the sides of a site are told apart."""
    attribute, within_m = table.take("attribute", str, default=""), table.take_amount("within_m")
    beside = table.take_table("beside") if table.has("beside") else None
    return Edges(
        attribute, within_m, tuple((name, take_layers(beside, name)) for name in beside.keys) if beside else ()
    )


def read_match(table: Table) -> Match:
    """Return how a footprint and a feature are told to be one."""
    names = table.take_table("names")
    return Match(table.take_amount("share"), tuple((mine, names.take(mine, str)) for mine in names.keys))


def read_surface(table: Table) -> Surface:
    """Return what is held against a surface."""
    return Surface(
        height=table.take("height", str),
        terrain=take_layers(table, "terrain")[0],
        top=table.take("top", str, default=""),
        vertical=table.take("vertical", str, default=""),
    )


def read_reading(table: Table) -> Reading:
    """Return what is read off the cells of a raster."""
    statistic, along = table.take("statistic", str), table.take("along", str, default=_ALONG[0])
    told = take_names(table, "told")
    for key, values, known in (("statistic", (statistic,), _STATISTICS), ("told", told, _STATISTICS[:-1])):
        for value in values:
            if value not in known:
                table.refuse(key, "wrong_choice", found=repr(value), known=", ".join(known))
    if along not in _ALONG:
        table.refuse("along", "wrong_choice", found=repr(along), known=", ".join(_ALONG))
    if table.has("level") != (statistic == "area_above"):
        table.refuse("level", "level_alone")
    level = table.take("level", float) if table.has("level") else None
    slope_of = take_layers(table, "slope_of") if table.has("slope_of") else ()
    return Reading(statistic, level, along, slope_of, told)


def read_quality(table: Table) -> Quality:
    """Return what a footprint's own geometry must keep to."""
    return Quality(*(table.take_amount(name) if table.has(name) else None for name in Quality._fields))


def take_layers(table: Table, key: str, *, footprint: bool = False) -> tuple[str, ...]:
    """Return the codes of a key that names a layer, or a list of them; the footprint's word too, where it may stand."""
    codes = table.take_names(key)
    for code in codes:
        if not _LAYER_CODE.fullmatch(code) and not (footprint and code == FOOTPRINT):
            table.refuse(key, "no_layer_code", found=repr(code))
    if not codes:
        table.refuse(key, "no_layers")
    return codes


def take_names(table: Table, key: str) -> tuple[str, ...]:
    """Return the names under a key; none where there is none."""
    return table.take_names(key) if table.has(key) else ()
