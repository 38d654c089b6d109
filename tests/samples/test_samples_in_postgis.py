"""The planted cases of the sample district through PostGIS: its projection, its overlay, its distances."""

import json
import math

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from store.database import transaction
from tests.conftest import SAMPLES

EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
OVERLAPS = [case for case in EXPECTED["footprint_cases"] if case["predicate"] == "overlap" and case["area_m2"]]
OUTSIDE = [case for case in EXPECTED["footprint_cases"] if case["predicate"] == "outside" and case["features"]]
PAIRS = [case for case in EXPECTED["layer_cases"] if case["conflict"]]
SRID = 4551
# area and perimeter of a rectangle tell its sides
RECTANGLES = [case for case in OVERLAPS if "L" not in case["id"] and len(case["parts"]) == 1]

# stored in degrees, brought into the plane by the database's own PROJ
FLAT = """
    select ST_Transform(f.geom, 4551) as geom, f.valid_from, f.valid_to
    from feature f join edition e on e.id = f.edition_id
    where e.layer = :layer and f.name = any(cast(:names as text[]))
"""
SHARED = f"""
    with footprint as (select ST_GeomFromWKB(:footprint, {SRID}) as geom),
    shared as (
        select ST_Intersection(footprint.geom, ground.geom) as geom from footprint, ({FLAT}) ground
        where cast(:day as date) >= coalesce(ground.valid_from, '-infinity')
          and cast(:day as date) < coalesce(ground.valid_to, 'infinity')
    )
    select sum(ST_Area(geom)) as area_m2, sum(ST_Perimeter(geom)) as perimeter_m from shared
"""


@pytest.fixture(scope="module")
def ask(new_database, district):
    """Return the function that asks a copy of the sample database one row."""
    database = new_database(district)

    def one(statement, **values):
        with transaction(database) as connection:
            return connection.execute(text(statement), values).one()

    yield one
    database.dispose()


def shared(ask, case, survey):
    footprint = shapely.to_wkb(survey.geometry.loc[case["building"]])
    return ask(SHARED, footprint=footprint, layer=case["layer"], names=case["features"], day=case["as_of"])


@pytest.mark.parametrize("case", OVERLAPS, ids=lambda case: case["id"])
def test_an_overlap_has_the_area_that_was_planted(case, ask, survey):
    assert shared(ask, case, survey).area_m2 == pytest.approx(case["area_m2"], abs=1e-6)


@pytest.mark.parametrize("case", RECTANGLES, ids=lambda case: case["id"])
def test_an_overlap_is_as_wide_as_was_planted(case, ask, survey):
    found = shared(ask, case, survey)
    half = found.perimeter_m / 2
    width_m = (half - math.sqrt(max(half**2 - 4 * found.area_m2, 0))) / 2
    assert width_m == pytest.approx(case["width_m"], abs=1e-6)


@pytest.mark.parametrize("case", OUTSIDE, ids=lambda case: case["id"])
def test_what_lies_outside_has_the_area_that_was_planted(case, ask, survey):
    statement = f"""
        with ground as ({FLAT})
        select ST_Area(ST_Difference(ST_GeomFromWKB(:footprint, {SRID}), geom)) as area_m2 from ground
    """
    footprint = shapely.to_wkb(survey.geometry.loc[case["building"]])
    found = ask(statement, footprint=footprint, layer=case["layer"], names=case["features"])
    assert found.area_m2 == pytest.approx(case["area_m2"], abs=1e-6)


@pytest.mark.parametrize("case", PAIRS, ids=lambda case: case["id"])
def test_two_layers_share_the_area_that_was_planted(case, ask):
    statement = f"""
        with a as ({FLAT}), b as ({FLAT.replace(":layer", ":other").replace(":names", ":others")})
        select ST_Area(ST_Intersection(a.geom, b.geom)) as area_m2 from a, b
    """
    left, right = case["left"], case["right"]
    found = ask(statement, layer=left["layer"], names=[left["name"]], other=right["layer"], others=right["names"])
    assert found.area_m2 == pytest.approx(case["area_m2"], abs=1e-6)


def test_distances_to_the_nearest_road_are_those_of_shapely(ask, survey, layers):
    roads = layers["GH2209"].geometry.values
    nearest = shapely.STRtree(roads).query_nearest(survey.geometry.values, return_distance=True, all_matches=False)
    statement = f"""
        with ground as (
            select ST_Transform(f.geom, {SRID}) as geom from feature f join edition e on e.id = f.edition_id
            where e.layer = 'GH2209'
        )
        select array_agg((select min(ST_Distance(asked.geom, ground.geom)) from ground) order by n) as distance_m
        from (select n, ST_GeomFromWKB(wkb, {SRID}) as geom
              from unnest(cast(:footprints as bytea[])) with ordinality as given (wkb, n)) asked
    """
    found = ask(statement, footprints=list(shapely.to_wkb(survey.geometry.values)))
    assert np.abs(np.array(found.distance_m) - nearest[1]).max() < 1e-6


def test_every_overlap_of_the_survey_is_the_same_in_both_engines(ask, survey, layers):
    lines = layers["GH2209"]
    left, right = shapely.STRtree(lines.geometry.values).query(survey.geometry.values, predicate="intersects")
    ours = shapely.area(shapely.intersection(survey.geometry.values[left], lines.geometry.values[right]))
    statement = f"""
        select array_agg(ST_Area(ST_Intersection(ST_GeomFromWKB(a, {SRID}), ST_GeomFromWKB(b, {SRID}))) order by n) as area_m2
        from unnest(cast(:left as bytea[]), cast(:right as bytea[])) with ordinality as pair (a, b, n)
    """
    found = ask(
        statement,
        left=list(shapely.to_wkb(survey.geometry.values[left])),
        right=list(shapely.to_wkb(lines.geometry.values[right])),
    )
    assert len(ours) > 0
    assert np.abs(np.array(found.area_m2) - ours).max() < 1e-6
