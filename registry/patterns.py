"""Names whose form is a pattern: a regular expression that no text can make slow.

A count (``?  *  +  {n}  {m,n}``) stands behind one character or one class, never behind a group, and no name is longer than
`LONGEST`. A text can then be read in no more ways than the choices that the counts and the bars leave, multiplied; patterns
with more than `MOST_WAYS` are refused when they are loaded.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from geocode import Text
from registry.errors import refused_alias, refused_scheme
from registry.forms import Part, alias_value, compact

__all__ = ["LONGEST", "MOST_WAYS", "PatternCode", "PatternForm", "compile_pattern"]

LONGEST = 64
MOST_WAYS = 10_000
_LONGEST_PATTERN = 200
_TOKEN = re.compile(
    r"""
      \((?:\?:|\?P<[A-Za-z_]\w*>)? | \)                          # a group, or its end
    | (?P<bar>\|)
    | (?: \[\^?(?:\\[dswDSW\W]|[^]\\[&|~-]|-(?!-))+] | \\[dswDSW] | \\\W | [^]\\[(){}*+?|^$] )
      (?P<count>[?*+]|\{(?P<low>\d\d?)(?P<comma>,(?P<high>\d\d?)?)?\})?
    """,
    re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class PatternCode:
    """A name of a pattern's form, and the parts that the pattern's named groups tell."""

    text: str
    parts: tuple[Part, ...] = ()

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class PatternForm:
    """The form of a name, as a pattern.

    Attributes
    ----------
    pattern
        As `compile_pattern` returns it.
    labels
        What the parts are called, by the name of their group.
    lengths
        How long names of this form are known to be, without blanks and hyphens.
    """

    pattern: re.Pattern[str]
    labels: Mapping[str, Text] = field(default_factory=dict)
    lengths: Sequence[int] = ()

    def parse(self, text: str) -> PatternCode:
        """Read a name as it is typed, or else without its blanks and hyphens.

        Raises
        ------
        AliasError
            The text is longer than any name, or of another form.
        """
        value = alias_value(text)
        if len(value) > LONGEST:
            raise refused_alias("alias_long", text=value, found=len(value), limit=LONGEST)
        for written in (value, compact(value)):
            if match := self.pattern.fullmatch(written):
                return PatternCode(written, self._parts(match))
        raise refused_alias("alias_pattern", text=value, pattern=self.pattern.pattern)

    def is_near(self, text: str) -> bool:
        """Tell whether a text has the length of a name of this form."""
        return len(compact(text)) in self.lengths

    def _parts(self, match: re.Match[str]) -> tuple[Part, ...]:
        groups = match.groupdict().items()
        return tuple(Part(name, self.labels.get(name, Text(name, name)), text) for name, text in groups if text)


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Return a pattern, compiled, its classes (digits, letters, blanks) of ASCII alone.

    Raises
    ------
    SchemeFileError
        The pattern is not understood, or texts can be read by it in too many ways.
    """
    position, ways = 0, 1
    while position < len(pattern):
        token = _TOKEN.match(pattern, position) if position < _LONGEST_PATTERN else None
        if token is None:
            raise refused_scheme("scheme_pattern", pattern=pattern, position=position + 1)
        ways *= _ways(token)
        position = token.end()
    if ways > MOST_WAYS:
        raise refused_scheme("scheme_slow", pattern=pattern, ways=ways, limit=MOST_WAYS)
    try:
        return re.compile(pattern, re.ASCII)
    except re.error as error:
        raise refused_scheme("scheme_pattern", pattern=pattern, position=(error.pos or 0) + 1) from error


def _ways(token: re.Match[str]) -> int:
    """Return how many ways a token of a pattern leaves open."""
    count = token["count"]
    if token["bar"] or count == "?":
        return 2
    if count is None or (token["low"] and not token["comma"]):
        return 1
    low, high = int(token["low"] or 0), int(token["high"] or LONGEST)
    return max(high - low + 1, 1)
