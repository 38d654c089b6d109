"""Where neighbours are many, what lies around them is looked for together."""

import numpy as np
import shapely

from store.boxes import boxes, fewer_boxes


def squares(count, apart_deg):
    west = 126.5 + apart_deg * np.arange(count)
    return shapely.box(west, 43.8, west + 1e-4, 43.8001)


def as_shapes(found):
    return shapely.box(*(found[side] for side in ("west", "south", "east", "north")))


def test_fewer_boxes_cover_all_that_were_asked_for():
    asked = boxes(squares(500, 2e-4))
    fewer = fewer_boxes(asked)
    assert len(fewer["west"]) < 500 / 4
    assert shapely.union_all(as_shapes(fewer)).covers(shapely.union_all(as_shapes(asked)))


def test_boxes_far_from_each_other_stay_as_they_are():
    asked = boxes(squares(50, 0.1))
    assert fewer_boxes(asked) is asked


def test_no_boxes_are_none():
    assert fewer_boxes(boxes(np.empty(0, dtype=object))) == {side: [] for side in ("west", "south", "east", "north")}
