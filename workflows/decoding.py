"""What codes tell with no register at hand: of one, and of as many as a stream brings."""

from collections.abc import Sequence
from typing import Any

from geocode import CodeError, parse
from layers.code_columns import CODE_LEVEL, decoded_frame
from workflows.telling import RefusedText, ToldTexts, features_of

__all__ = ["CODE_LEVEL", "decode_code", "decode_texts", "joined_code"]


def decode_texts(texts: Sequence[str], *, beidou_level: int = CODE_LEVEL, parents: bool = False) -> ToldTexts:
    """Return what texts tell as codes, a row each; the geometry is the cell.

    Parameters
    ----------
    beidou_level
        Level of the BeiDou code of a cell's centre.
    parents
        Whether the coarser H3 cells are told.
    """
    frame, errors = decoded_frame(texts, beidou_level=beidou_level, parents=parents)
    refusals = [error and RefusedText.of(text, error) for text, error in zip(texts, errors, strict=True)]
    return ToldTexts(frame, refusals, len(texts))


def decode_code(text: str, *, beidou_level: int = CODE_LEVEL, parents: bool = False) -> dict[str, Any]:
    """Return what one code tells as a GeoJSON feature, the same that `decode_texts` gives a pipe.

    Raises
    ------
    CodeError
        The text is no code.
    """
    parse(text)
    return features_of(decode_texts([text], beidou_level=beidou_level, parents=parents))[0]


def joined_code(texts: Sequence[str]) -> list[str]:
    """Return texts as they are, or as one where together they are a code, typed with blanks."""
    if "-" in texts:
        return list(texts)
    whole = " ".join(texts)
    try:
        parse(whole)
    except CodeError:
        return list(texts)
    return [whole]
