"""Errors of the blueprint.

BlueprintError
├── FilterError (ValueError)     a CQL2 text that is not understood, or larger than the limits
├── FrameCrsError (ValueError)   a frame that is not in a projected plane in metres, or not in the others' plane
├── FrameError (ValueError)      a frame whose index is not unique
└── RuleError (ValueError)       a rule file with a mistake: names the file, the rule and the key

They are for the caller's mistakes. Bad data is no exception: a pair that cannot be measured is a row with an ``error``,
a layer that is missing is a finding that was ``not_evaluated``.
"""

from geocode.faults import Text

__all__ = ["BlueprintError", "FilterError", "FrameCrsError", "FrameError", "RuleError"]


class BlueprintError(Exception):
    """The root of the errors of this package."""


class FilterError(BlueprintError, ValueError):
    """A CQL2 text that is not understood, or larger than the limits; ``text`` says why in both languages."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class FrameCrsError(BlueprintError, ValueError):
    """A frame that is not in a projected plane in metres, or not in the same plane as the others."""


class FrameError(BlueprintError, ValueError):
    """A frame whose index does not name its rows one by one."""


class RuleError(BlueprintError, ValueError):
    """A rule file with a mistake.

    Attributes
    ----------
    file, rule, key
        The place: the file's name, the rule's id (or its number in the file, where the id is what is wrong), the key.
    text
        Place and problem in both languages.
    """

    def __init__(self, problem: Text, *, file: str, rule: str, key: str) -> None:
        self.file, self.rule, self.key = file, rule, key
        self.text = Text(
            f"{file},规则 {rule},键 {key!r}:{problem.zh}", f"{file}, rule {rule}, key {key!r}: {problem.en}"
        )
        super().__init__(self.text.en)
