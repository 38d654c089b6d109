"""Sources of items: built once for what they are asked for, and anew for anything else."""

from datetime import date

import pytest

from store.item_sources import LayerChain, Period, Sight, building_source, case_source, footprint_source, layer_source

DAY = Period.of_days(date(2024, 6, 1), date(2024, 6, 1))
NEXT = Period.of_days(date(2024, 6, 2), date(2024, 6, 2))


def chain(editions=(1,), fields=(("MJ", "number"),)):
    return LayerChain("GH2201", tuple(editions), date(2024, 1, 1), tuple(fields))


@pytest.mark.parametrize(
    ("source", "asked", "other"),
    [
        (building_source, lambda: (Sight(), ("design",), DAY), (Sight(), ("design",), NEXT)),
        (building_source, lambda: (Sight(), ("design",)), (Sight(), ("design", "completion"))),
        (footprint_source, lambda: (Sight(offices=frozenset({1, 2})), "design"), (Sight(), "design")),
        (layer_source, lambda: (chain(), DAY), (chain(editions=(2, 1)), DAY)),
        (layer_source, lambda: (chain(), DAY), (chain(fields=[("MJ", "string")]), DAY)),
        (case_source, lambda: (Sight(layers=frozenset({"GH2201"})), None), (Sight(), None)),
    ],
)
def test_a_source_is_built_once_for_what_it_is_asked_for(source, asked, other):
    assert source(*asked()) is source(*asked())
    assert source(*asked()) is not source(*other)


def test_the_statement_of_a_box_is_made_once():
    source = building_source(Sight(), ("design",))
    assert source.extent is source.extent
