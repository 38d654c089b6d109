"""The expected results: what each planted case must come to, from its numbers and the layers' accuracies alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from generator.clean_sites import FAULTY_SITE
from generator.editions import editions
from generator.faulty import FaultyRow
from generator.model import Case, Spot, Surveyed
from generator.planted_layers import T_EDGE_M, T_VERTEX_M, T_WITH, T_WITHOUT
from generator.surface import CELL_M, COLUMNS, NORTH_M, PLANE, ROWS, WEST_M

FOOTPRINT_ACCURACY_M = 0.05
NOISE_M = 0.002
SIGMAS = 2.0
_OUTCOMES = {"certain": "fail", "within_accuracy": "fail_within_accuracy", "noise": "pass"}


def expected_results(
    spot: Spot, surveyed: Sequence[Surveyed], faulty: Iterable[FaultyRow], west: Iterable[str]
) -> dict[str, object]:
    """Return everything that can be known without measuring, as one JSON document."""
    footprint = [case for case in spot.cases if case.left_layer is None]
    return {
        "about": {
            "zh": "按几何构造已知的结果: 面积单位平方米, 宽度单位米, 均为 EPSG:4551 平面值; 宽度为最大内切圆直径",
            "en": "Results known by construction; areas in m2 and widths in m in the plane of EPSG:4551; a width is the "
            "diameter of the maximum inscribed circle",
        },
        "crs": "EPSG:4551",
        "as_of": "any day from 2026-01-01 on, unless a case says otherwise",
        "accuracy_m": {"footprint": FOOTPRINT_ACCURACY_M, **{code: each.accuracy_m for code, each in editions().items()}},
        "classes": "width <= 0.002 noise; width <= 2 sqrt(sA^2 + sB^2) within_accuracy; else certain; per part, the worst counts",
        "footprint_cases": [_footprint_case(case) for case in footprint],
        "layer_cases": [_layer_case(case) for case in spot.cases if case.left_layer is not None],
        "clean": _clean(footprint, surveyed),
        "no_data": [{"layer": "GH2208", "rule": "R14", "outcome": "not_evaluated", "buildings": sorted(west)}],
        "t_vertex": {
            "layer": "XZ1201", "x": T_VERTEX_M[0], "y": T_VERTEX_M[1], "edge": T_EDGE_M, "with": T_WITH, "without": T_WITHOUT,
        },
        "height_surface": {
            "file": "height_surface.tif", "a": PLANE.a, "b": PLANE.b, "c": PLANE.c, "formula": "z = a x + b y + c at cell centres",
            "west": WEST_M, "north": NORTH_M, "cell_m": CELL_M, "columns": COLUMNS, "rows": ROWS,
        },
        "faulty": {"file": "survey_faulty.zip", "site": FAULTY_SITE, "rows": [row.expected(i) for i, row in enumerate(faulty)]},
    }  # fmt: skip


def certainty(width_m: float, accuracy_a_m: float, accuracy_b_m: float) -> str:
    """Return the certainty class of an overlap of this width between two layers of these accuracies."""
    if width_m <= NOISE_M:
        return "noise"
    return "within_accuracy" if width_m <= SIGMAS * math.hypot(accuracy_a_m, accuracy_b_m) else "certain"


def _measures(case: Case, accuracy_m: float) -> dict[str, object]:
    other_m = editions()[case.layer].accuracy_m
    widths = [width for _, width in case.parts]
    return {
        "area_m2": round(sum(area for area, _ in case.parts), 9),
        "width_m": max(widths, default=0.0),
        "parts": [{"area_m2": area, "width_m": width} for area, width in case.parts],
        "two_sigma_m": round(SIGMAS * math.hypot(accuracy_m, other_m), 6),
        "certainty": certainty(max(widths), accuracy_m, other_m) if widths else None,
    }


def _footprint_case(case: Case) -> dict[str, object]:
    measures = _measures(case, FOOTPRINT_ACCURACY_M)
    return {
        "id": case.key,
        "rule": case.rule,
        "predicate": case.predicate,
        "building": case.left,
        "layer": case.layer,
        "features": list(case.right),
        "sentence": {"zh": case.zh, "en": case.en},
        "as_of": case.as_of,
        **measures,
        "outcome": _OUTCOMES[str(measures["certainty"])] if case.parts else "pass",
        "why_met": case.why,
    }


def _layer_case(case: Case) -> dict[str, object]:
    left_layer = str(case.left_layer)
    return {
        "id": case.key,
        "rule": case.rule,
        "predicate": case.predicate,
        "left": {"layer": left_layer, "name": case.left},
        "right": {"layer": case.layer, "names": list(case.right)},
        "sentence": {"zh": case.zh, "en": case.en},
        "conflict": bool(case.parts),
        **_measures(case, editions()[left_layer].accuracy_m),
        "why_met": case.why,
    }


def _clean(cases: Iterable[Case], surveyed: Iterable[Surveyed]) -> list[str]:
    """Return the surveyed buildings that break no rule today, by name."""
    broken = {case.left for case in cases if case.parts and case.as_of >= "2026"}
    return sorted(building.name for building in surveyed if building.name not in broken)
