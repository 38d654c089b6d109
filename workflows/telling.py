"""What texts tell, a row each or more, as an answer holds it: features, a table, or plain records."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple, Self

import geopandas as gpd
import orjson
import pyproj

from geocode import STORAGE_CRS, CodeError, Text
from layers.geojson_text import feature_lines
from layers.lines import iter_lines
from layers.writing import write_text
from workflows.coding import Answer
from workflows.errors import UnknownNameError
from workflows.reports import text_json, write_records

__all__ = ["RefusedText", "ToldTexts", "features_of", "iter_texts", "write_told"]


class RefusedText(NamedTuple):
    """Why a text tells nothing: kind, sentence, remedy, and the codes one keystroke away."""

    text: str
    kind: str
    said: Text
    remedy: Text
    suggestions: Sequence[str]

    @classmethod
    def of(cls, text: str, error: CodeError | UnknownNameError) -> Self:
        """Return the refusal of a text by an error."""
        if isinstance(error, CodeError):
            return cls(text, error.fault.kind, error.fault.text, error.fault.remedy, error.suggestions)
        return cls(text, error.kind, error.text, error.remedy, error.suggestions)


class ToldTexts(NamedTuple):
    """What some texts tell.

    Attributes
    ----------
    frame
        Rows in the order of the texts, in EPSG:4490, with the columns ``text`` and ``fault`` among others.
    refusals
        Shape (rows of the frame,): why the row tells nothing, else None.
    texts
        How many texts there were.
    """

    frame: gpd.GeoDataFrame
    refusals: Sequence[RefusedText | None]
    texts: int

    def told(self) -> Iterator[dict[str, Any]]:
        """Yield the properties of the rows that tell something."""
        good = self.frame[[refusal is None for refusal in self.refusals]]
        return (orjson.loads(line)["properties"] for line in feature_lines(good))


def iter_texts(given: Sequence[str], source: BinaryIO) -> Iterator[list[str]]:
    """Yield the texts that are given, in batches; in the place of a ``-`` those of a stream, one a line.

    There is always a batch, if an empty one.
    """
    waiting: list[str] = []
    for text in given:
        if text == "-":
            yield waiting
            waiting = []
            yield from iter_lines(source)
        else:
            waiting.append(text)
    yield waiting


def write_told(batches: Iterable[ToldTexts], answer: Answer) -> None:
    """Write what texts tell to a stream, batch by batch as they come.

    As ``json``, an array of plain records, the fault of a text that tells nothing with its sentences in both languages.
    """
    if answer.form == "json":
        write_records(map(_records, batches), answer.stream)
    else:
        frames = (batch.frame for batch in batches)
        crs = pyproj.CRS(STORAGE_CRS)
        write_text(frames, answer.stream, answer.form, crs=crs)


def features_of(told: ToldTexts) -> list[dict[str, Any]]:
    """Return the rows as GeoJSON features, the same that a pipe is given."""
    return [orjson.loads(line) for line in feature_lines(told.frame)]


def _records(told: ToldTexts) -> Iterator[dict[str, Any]]:
    for feature, refusal in zip(features_of(told), told.refusals, strict=True):
        fault = refusal and {
            "kind": refusal.kind,
            "text": text_json(refusal.said),
            "remedy": text_json(refusal.remedy),
        }
        yield {**feature["properties"], "fault": fault}
