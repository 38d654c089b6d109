"""Stages: where a building stands in its life. The list is data."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from geocode import Text
from registry.errors import StageError

__all__ = ["Stage", "get_stage", "load_stages"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: its code, its place in the order from 0, its name in both languages."""

    code: str
    order: int
    name: Text


@cache
def load_stages() -> tuple[Stage, ...]:
    """Return all stages in order."""
    rows = tomllib.loads(files("registry").joinpath("stages.toml").read_text(encoding="utf-8"))["stage"]
    return tuple(Stage(row["code"], order, Text(row["zh"], row["en"])) for order, row in enumerate(rows))


def get_stage(code: str) -> Stage:
    """Return the stage of a code.

    Raises
    ------
    StageError
        No stage bears the code.
    """
    stages = {stage.code: stage for stage in load_stages()}
    if code not in stages:
        raise StageError(code, list(stages))
    return stages[code]
