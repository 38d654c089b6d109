"""Which feature a footprint stands on: the one that it shares most ground with, never the one under its centroid."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from blueprint.certainty import NOISE_M
from blueprint.cutting import cut
from blueprint.evidence import Subjects, find_pairs, lies_within, wider_than
from blueprint.layer_state import Ground, LayerState, select_ground
from blueprint.outcomes import Outcome
from blueprint.questions import Asked, Question
from blueprint.readings import Doubt
from blueprint.reasons import explain
from blueprint.rules import Selection

__all__ = ["Containers", "block_contexts", "doubt_containers", "find_containers"]

Integers: TypeAlias = NDArray[np.intp]


_NOTHING_KNOWN: Mapping[str, Any] = MappingProxyType({})


class Containers(NamedTuple):
    """What each subject stands on: arrays of one length.

    Attributes
    ----------
    feature
        The position of the feature; -1 where there is none.
    outside_share
        How much of the subject lies outside of it; 1 where there is none.
    """

    feature: Integers
    outside_share: NDArray[np.float64]

    def rows(self) -> Integers:
        """Return the positions of the subjects that stand on a feature."""
        return np.flatnonzero(self.feature >= 0)


def find_containers(subjects: Subjects, ground: Ground) -> Containers:
    """Return the feature that each subject shares most ground with; the first of equals, none that it only grazes."""
    return subjects.kept.once_of("containers", ground, lambda: _find_containers(subjects, ground))


def _find_containers(subjects: Subjects, ground: Ground) -> Containers:
    pairs = find_pairs(subjects, ground, "", {})
    pairs = pairs[ground.decided[pairs[:, 1]]]
    inside = cut(subjects.geometry[pairs[:, 0]], ground.geometry[pairs[:, 1]], outside=False).inside
    area_m2 = np.where(wider_than(NOISE_M, inside), shapely.area(inside), 0.0)
    feature, share = np.full(len(subjects.ids), -1), np.ones(len(subjects.ids))
    order = np.lexsort((-pairs[:, 1], area_m2, pairs[:, 0]))
    order = order[area_m2[order] > 0]
    rows = pairs[order, 0]
    feature[rows] = pairs[order, 1]  # of several the last counts, the largest
    share[rows] = 1 - area_m2[order] / shapely.area(subjects.geometry[rows])
    return Containers(feature, np.clip(share, 0.0, 1.0))


def doubt_containers(subjects: Subjects, ground: Ground, state: LayerState, found: Containers) -> dict[int, Doubt]:
    """Return why subjects have no finding: they cannot be measured, stand on nothing, or that is not known."""
    doubts = {}
    complete = lies_within(subjects, state.complete)
    for row in range(len(subjects.ids)):
        if subjects.unusable[row] is not None:
            doubts[row] = Doubt(explain("subject_unusable", problem=subjects.unusable[row]))
        elif bad := ground.unusable_near(subjects.geometry[row]) if ground.unusable_rows() else []:
            names = ", ".join(ground.label(i) for i in bad)
            reason = explain("feature_unusable", layer=state.code, features=names, problem=ground.unusable[bad[0]])
            doubts[row] = Doubt(reason, tuple(ground.feature(i) for i in bad))
        elif found.feature[row] < 0 and not complete[row]:
            doubts[row] = Doubt(explain("incomplete", layer=state.code))
        elif found.feature[row] < 0:
            doubts[row] = Doubt(explain("no_container", layer=state.code), outcome=Outcome.NOT_APPLICABLE)
    return doubts


def block_contexts(asked: Asked, question: Question) -> list[Mapping[str, Any]]:
    """Return what the rule's planning block says for each subject (``block.jztr``); nothing where none is known."""
    state = question.layer_on(question.rule.block, asked.as_of)
    if state is None:
        return [_NOTHING_KNOWN] * len(asked.subjects.ids)
    return asked.subjects.kept.once_of("block", state, lambda: _block_contexts(asked, state))


def _block_contexts(asked: Asked, state: LayerState) -> list[Mapping[str, Any]]:
    contexts = [_NOTHING_KNOWN] * len(asked.subjects.ids)
    ground = select_ground(state, Selection((state.code,)), asked.as_of)
    for row, feature in enumerate(find_containers(asked.subjects, ground).feature.tolist()):
        if feature >= 0:
            contexts[row] = {f"block.{name}": value for name, value in ground.context(feature).items()}
    return contexts
