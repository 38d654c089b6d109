"""One poisoned geometry among many never stops a run: it is one row with its place. A million with ``--full-size``."""

import numpy as np
import pytest
import shapely

from blueprint import Outcome, find_conflicts, find_findings
from tests.blueprint.conftest import CRS, TODAY, make_layer, make_rule
from tests.blueprint.test_overlay import POISON

ROAD = make_rule('{ layer = "GH2209" }', rule_id="R15")
ON_THE_ROAD = make_rule('{ layer = "GH2209" }', a='{ layer = "XZ1301" }', rule_id="C42")
FEW, MANY = 5_000, 1_000_000


@pytest.fixture(params=POISON.values(), ids=POISON.keys())
def houses(request, full_size):
    """Return houses in rows, one of them poisoned, which one it is, and how many stand on the road."""
    count = MANY if full_size else FEW
    number = np.arange(count)
    x, y = 500_000 + 20.0 * (number % 1000), 4_800_000 + 20.0 * (number // 1000)
    shapes = shapely.box(x, y, x + 10, y + 10)
    poisoned = count // 2 + 7
    shapes[poisoned] = request.param
    return shapes, poisoned, count // 1000


@pytest.fixture
def road():
    """Return a road that the first house of each row stands on."""
    return make_layer("GH2209", [shapely.box(499_990, 4_799_990, 500_005, 4_900_000)])


def test_a_poisoned_footprint_is_one_finding_without_an_answer(houses, road):
    shapes, poisoned, rows = houses
    footprints = make_layer("XZ1301", shapes).features
    findings = find_findings(footprints, {"GH2209": road}, [ROAD], as_of=TODAY)
    assert len(findings) == len(shapes)
    assert [each.footprint for each in findings if each.outcome is Outcome.NOT_EVALUATED] == [poisoned + 1]
    assert sum(each.outcome is Outcome.FAIL for each in findings) == rows
    assert findings[poisoned].reason.en


def test_a_poisoned_feature_is_one_conflict_without_an_answer(houses, road):
    shapes, poisoned, rows = houses
    found = find_conflicts({"XZ1301": make_layer("XZ1301", shapes), "GH2209": road}, [ON_THE_ROAD], as_of=TODAY)
    assert found.crs == CRS
    outcomes = found["outcome"].tolist()
    assert (outcomes.count(Outcome.FAIL), outcomes.count(Outcome.NOT_EVALUATED)) == (rows, 1)
    (row,) = (found["outcome"] == Outcome.NOT_EVALUATED).to_numpy().nonzero()[0]
    assert found["left"][row] == poisoned + 1
    assert found["reason"][row].en
