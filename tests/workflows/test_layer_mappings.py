"""Mappings kept by an office, and editions loaded by them."""

from datetime import date

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import select, text

from layers.mappings import LayerMapping
from store import schema
from store.database import transaction
from store.errors import NotHereError
from tests.workflows.conftest import field, house
from workflows.errors import ForbiddenError, RefusedOptionError
from workflows.layer_files import read_area
from workflows.layering import LoadOptions, load_layers
from workflows.mappings import list_mappings, mapping_of, propose, save_mapping, show_mapping
from workflows.principals import find_principal, issue_key
from workflows.publishing import PublishOptions, publish


@pytest.fixture
def plan(tmp_path):
    """Return a delivery of planned land use under its own names and codes."""
    path = tmp_path / "plan.gpkg"
    table = {"用地代码": ["R2", "商业用地"], "面积": [10_000.0, 10_000.0]}
    gpd.GeoDataFrame(table, geometry=[field(0), field(200)], crs=4551).to_file(path)
    return path


@pytest.fixture
def load(database, principal, tmp_path):
    """Return what loads a file by options."""
    documents = tmp_path / "documents"
    return lambda path, **options: load_layers(
        database, path, principal=principal, documents=documents, options=LoadOptions(**options)
    )


def test_a_proposal_is_kept_and_loads_the_next_delivery(database, principal, plan, load):
    told = propose(plan, as_layer="GH2103", principal=principal)
    told["mapping"]["codes"]["R2"] = "0701"
    kept = save_mapping(database, "中心城区", mapping_of(told["mapping"]), principal=principal)
    assert (kept["version"], kept["fields"]) == (1, {"用地代码": "YDYHFLDM", "面积": "MJ"})
    (loaded,) = load(plan, mapping="中心城区")
    assert (loaded.layer, loaded.features) == ("GH2103", 2)
    with transaction(database) as connection:
        rows = connection.execute(select(schema.feature.c.class_code, schema.feature.c.attributes)).all()
        edition = connection.execute(select(schema.edition)).one()
    assert sorted(row.class_code for row in rows) == ["0701", "0901"]
    assert {row.attributes["YDYHFLDM_delivered"] for row in rows} == {"R2", "商业用地"}
    assert edition.attributes["mapping"] == "中心城区 v1"
    assert not load(plan, mapping="中心城区")[0].added


def test_a_mapping_said_anew_is_a_version_and_loads_the_same_bytes_again(database, principal, plan, load):
    first = LayerMapping("GH2103", {"用地代码": "YDYHFLDM"}, {"R2": "0701"})
    save_mapping(database, "m", first, principal=principal)
    load(plan, mapping="m")
    assert save_mapping(database, "m", first, principal=principal)["version"] == 1
    again = LayerMapping("GH2103", {"用地代码": "YDYHFLDM"}, {"R2": "070102"})
    assert save_mapping(database, "m", again, principal=principal)["version"] == 2
    assert load(plan, mapping="m")[0].added
    assert show_mapping(database, "m", principal=principal, version=1)["codes"] == {"R2": "0701"}
    assert [(each["name"], each["version"]) for each in list_mappings(database, principal=principal)] == [("m", 2)]


def test_what_was_kept_is_never_overwritten(database, principal, as_owner):
    save_mapping(database, "m", LayerMapping("GH2103"), principal=principal)
    with pytest.raises(Exception, match="layer_mapping"), transaction(as_owner(database)) as connection:
        connection.execute(text("update layer_mapping set name = 'n'"))


def test_a_mapping_is_the_offices_own(database, principal):
    save_mapping(database, "m", LayerMapping("GH2103"), principal=principal)
    key = issue_key(database, office="other", name="乙", role="planner", label="x")
    other = find_principal(database, key=key, local=False)
    assert list_mappings(database, principal=other) == []
    with pytest.raises(NotHereError):
        show_mapping(database, "m", principal=other)


def test_a_role_that_publishes_nothing_maps_nothing(database):
    key = issue_key(database, office="survey", name="甲", role="surveyor", label="x")
    surveyor = find_principal(database, key=key, local=False)
    with pytest.raises(ForbiddenError):
        save_mapping(database, "m", LayerMapping("GH2103"), principal=surveyor)


@pytest.mark.parametrize(
    "said", [{}, {"layer": 1}, {"layer": "GH2103", "fields": {"a": 1}}, {"layer": "GH2103", "x": {}}]
)
def test_what_is_no_mapping_is_refused(said):
    with pytest.raises(RefusedOptionError):
        mapping_of(said)


@pytest.mark.parametrize("name", ["", "  ", "a/b", "x" * 81])
def test_a_name_that_is_none_is_refused(database, principal, name):
    with pytest.raises(RefusedOptionError):
        save_mapping(database, name, LayerMapping("GH2103"), principal=principal)


def test_a_mapping_that_the_office_does_not_have_loads_nothing(plan, load):
    with pytest.raises(NotHereError):
        load(plan, mapping="m")


def test_an_edition_keeps_its_document_its_days_its_accuracy_and_where_it_is_complete(database, plan, load, tmp_path):
    area = tmp_path / "area.gpkg"
    gpd.GeoDataFrame({"n": [1, 2]}, geometry=[field(0, side=500), field(400, side=500)], crs=4551).to_file(area)
    load(
        plan,
        as_layer="GH2103",
        source="国函〔2024〕1号",
        valid_from=date(2025, 1, 1),
        valid_to=date(2035, 12, 31),
        currency=date(2024, 6, 30),
        accuracy_m=0.5,
        complete_in=read_area(area),
    )
    with transaction(database) as connection:
        row = connection.execute(
            text(
                "select *, ST_GeometryType(completeness) as kind, ST_NumGeometries(completeness) as parts from edition"
            )
        ).one()
    assert (row.source, row.accuracy_m, row.currency) == ("国函〔2024〕1号", 0.5, date(2024, 6, 30))
    assert (row.valid_to, row.kind, row.parts) == (date(2035, 12, 31), "ST_MultiPolygon", 1)


def test_an_edition_that_ends_before_it_begins_is_refused(plan, load):
    with pytest.raises(RefusedOptionError):
        load(plan, as_layer="GH2103", valid_from=date(2025, 1, 1), valid_to=date(2024, 1, 1))


def test_an_area_that_is_no_polygon_is_refused(deliver):
    with pytest.raises(RefusedOptionError):
        read_area(deliver([shapely.LineString([(544_000, 4_856_000), (544_010, 4_856_000)]), house(0, 0)]))


def test_a_change_is_published_by_the_name_of_its_mapping(database, principal, plan, publishing):
    save_mapping(database, "m", LayerMapping("GH2103", {"用地代码": "YDYHFLDM"}, {"R2": "0701"}), principal=principal)
    report = publish(database, plan, options=PublishOptions(mapping="m", whole=True), by=publishing)
    assert (report["layer"]["code"], report["features"]["added"]) == ("GH2103", 2)
    with transaction(database) as connection:
        classes = connection.execute(select(schema.feature.c.class_code)).scalars().all()
    assert sorted(classes) == ["0701", "商业用地"]
    assert publish(database, plan, options=PublishOptions(mapping="m", whole=True), by=publishing)["repeated"]
