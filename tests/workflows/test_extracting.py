"""Extracts of the sample district: the planted cases as they were planted, each kept as a run that can be had again."""

import json
from datetime import UTC, date, datetime, timedelta
from functools import cache
from io import BytesIO

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from pypdf import PdfReader
from sqlalchemy import text

from geocode import FootprintError
from geocode.planes import from_plane
from registry.certificates.errors import FontError
from registry.certificates.fonts import find_chinese
from registry.ledger.events import canonical_json
from store.database import transaction
from store.editions import add_edition
from store.errors import NotHereError
from store.runs import canonical_sha256
from tests.conftest import SAMPLES, principal_in, settings_for
from tests.samples.conftest import read_delivery
from workflows.errors import ForbiddenError, HiddenError, RefusedOptionError
from workflows.extract_papers import render_extract
from workflows.extract_views import extract_geojson, extract_json
from workflows.extracting import extract_drawing, extract_feature, kept_extract
from workflows.principals import issue_key, resolve_principal
from workflows.rastering import RasterOptions, load_raster
from workflows.recomputing import confirm_run, list_differences, verify_run
from workflows.runs import engine_versions, show_run
from workflows.terms import Terms

EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
CASES = [
    case
    for case in EXPECTED["footprint_cases"]
    if case["predicate"] == "overlap"
    and case["as_of"] == "2026-06-01"
    and not (case["why_met"] or "").startswith("filter")
]
DAY = date(2026, 6, 1)
DOCS = SAMPLES.parents[1] / "docs"
CORNERS = ((544_120, 4_855_280), (544_380, 4_855_290), (544_370, 4_855_460), (544_110, 4_855_450))
PLANE = "EPSG:4551"


@pytest.fixture(scope="module")
def district_database(new_database, district):
    database = new_database(district)
    yield database
    database.dispose()


@pytest.fixture(scope="module")
def home(district_database, tmp_path_factory):
    return settings_for(district_database, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def local(district_database, home):
    return Terms(principal_in(district_database), home, DAY)


@pytest.fixture(scope="module")
def as_role(district_database, home):
    """Return the maker of terms for a principal of some role and office."""

    def make(role, office="other"):
        key = issue_key(district_database, office=office, name=office, role=role, label=f"{role} {office}")
        with transaction(district_database) as connection:
            return Terms(resolve_principal(connection, key=key, local=False), home, DAY)

    return make


@pytest.fixture(scope="module")
def survey_extracts(district_database, local, tmp_path_factory):
    """Return the function that gives the extract of a building of the survey."""
    survey = read_delivery(SAMPLES / "survey.zip", tmp_path_factory.mktemp("survey")).set_index("建筑名称")

    @cache
    def extract(name):
        ground = from_plane(survey.geometry.loc[[name]].to_numpy(), PLANE)[0]
        return extract_drawing(district_database, json.loads(shapely.to_geojson(ground)), terms=local, name=name)

    return extract


def drawn(*corners):
    ground = from_plane(np.array([shapely.Polygon(corners)], dtype=object), PLANE)[0]
    return json.loads(shapely.to_geojson(ground))


def has_chinese():
    try:
        find_chinese()
    except FontError:
        return False
    return True


def words_of(pdf):
    return "".join("".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages)


papers = pytest.mark.skipif(not has_chinese(), reason="no Chinese font is installed")


def layer_of(extract, code):
    return next(row for row in extract.result["layers"] if row["code"] == code)


@pytest.fixture(scope="module")
def site():
    """Return a parcel of the district and a strip beside it, which crosses several layers."""
    return drawn(*CORNERS)


@pytest.fixture(scope="module")
def crossing(district_database, local, site):
    return extract_drawing(district_database, site, terms=local, name="更新单元", stated_area_m2=50_000)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_an_extract_has_the_overlap_that_was_planted(case, survey_extracts):
    found = layer_of(survey_extracts(case["building"]), case["layer"])
    own = [feature for feature in found["features"] if feature["name"] in case["features"]]
    assert sum(feature["area_m2"] for feature in own) == pytest.approx(case["area_m2"], abs=1e-6)
    assert max((feature["width_m"] for feature in own), default=0) == pytest.approx(case["width_m"], abs=1e-6)
    assert {feature["certainty"] for feature in own} == ({case["certainty"]} if case["parts"] else set())
    if case["certainty"] == "noise":
        assert found["status"] == "not_concerned"


def test_a_feature_that_has_ended_is_told_of_the_day_on_which_it_held(district_database, local):
    rows = pyogrio.read_dataframe(SAMPLES / "district.gpkg", layer="GH2205_CSLVX").set_index("name")
    middle = rows.geometry["东岸旧绿带"].representative_point()
    square = drawn(*((middle.x + dx, middle.y + dy) for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1))))
    then = extract_drawing(district_database, square, terms=local._replace(as_of=date(2024, 6, 1)))
    now = extract_drawing(district_database, square, terms=local)
    assert [row["name"] for row in layer_of(then, "GH2205")["features"]] == ["东岸旧绿带"]
    assert layer_of(now, "GH2205")["status"] == "not_concerned"


def test_where_a_layer_is_not_complete_nothing_found_is_no_data(survey_extracts):
    for case in EXPECTED["no_data"]:
        found = layer_of(survey_extracts(case["buildings"][0]), case["layer"])
        assert found["status"] == "no_data"
        assert found["editions"]
        assert "complete" in found["reason"]["en"]


def test_every_layer_of_the_catalogue_is_told_of_once(crossing):
    codes = [row["code"] for row in crossing.result["layers"]]
    assert (
        len(codes)
        == len(set(codes))
        == sum(crossing.result["summary"][s] for s in ("concerned", "not_concerned", "no_data"))
    )


def test_percents_add_up_to_a_hundred_and_scaled_areas_to_what_is_stated(crossing):
    for row in crossing.result["layers"]:
        if row["features"] and not row["overlapping"]:
            parts = [*row["features"], row["rest"]]
            assert round(sum(part["percent"] for part in parts), 6) == 100
            assert round(sum(part["stated_area_m2"] for part in parts), 6) == 50_000
            assert round(row["percent"] + row["rest"]["percent"], 6) == 100


def test_the_law_and_the_documents_stand_beside_what_was_found(crossing):
    red_line = layer_of(crossing, "GH2202")
    assert red_line["status"] == "concerned"
    assert "R08" in [rule["id"] for rule in red_line["rules"]]
    assert red_line["documents"][0]["sha256"] == red_line["documents"][0]["sha256"].lower()
    assert red_line["editions"][0]["currency"]
    assert red_line["legend"]["symbol"]["fill"].startswith("#")


def test_a_class_is_called_by_its_code_list(crossing):
    classes = {feature["class"]["zh"] for feature in layer_of(crossing, "XZ1201")["features"]}
    assert "河流水面" in classes


def test_the_hash_is_that_of_the_result_as_anyone_computes_it(crossing):
    again = json.loads(canonical_json(extract_json(crossing)["result"]))
    assert canonical_sha256(again) == crossing.sha256


def test_computed_again_it_is_the_same(district_database, local, home, crossing):
    told = verify_run(district_database, crossing.id, principal=local.principal, settings=home)
    assert (told["verdict"], told["differences"], told["engine"]) == ("same", [], [])


def test_software_that_is_another_today_is_named(district_database, local, home, crossing, monkeypatch):
    monkeypatch.setattr("workflows.recomputing.engine_versions", lambda: {**engine_versions(), "geos": "9.9.9"})
    told = verify_run(district_database, crossing.id, principal=local.principal, settings=home)
    assert told["engine"] == [{"name": "geos", "then": engine_versions()["geos"], "now": "9.9.9"}]


def test_a_catalogue_that_is_another_today_is_named(district_database, local, home, crossing, tmp_path):
    city = tmp_path / "layers.toml"
    city.write_text('[[layer]]\ncode = "GH2209"\nname = { zh = "道路控制线", en = "Road control line" }\n', "utf-8")
    today = home.model_copy(update={"layers": str(city)})
    told = verify_run(district_database, crossing.id, principal=local.principal, settings=today)
    assert (told["verdict"], [each["name"] for each in told["engine"]]) == ("differs", ["catalogue"])


def test_what_is_published_later_changes_neither_a_run_nor_what_was_known(sample_database, settings, site):
    terms = Terms(principal_in(sample_database), settings, DAY)
    extract = extract_drawing(sample_database, site, terms=terms)
    known_at = datetime.fromisoformat(extract.result["known_at"])
    empty = {name: [] for name in ("source_id", "name", "class_code", "valid_from", "valid_to", "attributes")}
    values = {
        "office_id": terms.principal.office_id,
        "layer": "GH2202",
        "title": "later",
        "source": "x",
        "source_layer": "x",
    }
    values |= {"source_sha256": "0" * 64, "accuracy_m": 1.0, "valid_from": date(2026, 1, 1), "completeness": None}
    with transaction(sample_database) as connection:
        add_edition(connection, values, gpd.GeoDataFrame(empty, geometry=[], crs=4490))
    assert layer_of(extract_drawing(sample_database, site, terms=terms), "GH2202")["status"] == "no_data"
    then = extract_drawing(sample_database, site, terms=terms._replace(known_at=known_at))
    assert then.sha256 == extract.sha256
    told = verify_run(sample_database, extract.id, principal=terms.principal, settings=settings)
    assert told["verdict"] == "same"


def test_two_askings_of_the_same_knowledge_have_the_same_hash(district_database, local, site, crossing):
    known = Terms(local.principal, local.settings, DAY, datetime.fromisoformat(crossing.result["known_at"]))
    again = extract_drawing(district_database, site, terms=known, name="更新单元", stated_area_m2=50_000)
    assert again.id != crossing.id
    assert again.sha256 == crossing.sha256


def test_whoever_holds_the_hash_may_have_it_confirmed_and_nobody_else(district_database, home, crossing):
    assert confirm_run(district_database, crossing.id, crossing.sha256.upper(), settings=home)["verdict"] == "same"
    with pytest.raises(NotHereError):
        confirm_run(district_database, crossing.id, "0" * 64, settings=home)


def test_a_run_that_was_tampered_with_says_what_differs(sample_database, settings, as_owner, site):
    terms = Terms(principal_in(sample_database), settings, DAY)
    extract = extract_drawing(sample_database, site, terms=terms)
    place = next(n for n, row in enumerate(extract.result["layers"]) if row["code"] == "GH2202")
    with transaction(as_owner(sample_database)) as connection:
        connection.execute(text("set local session_replication_role = replica"))
        path = f"{{layers,{place},area_m2}}"
        change = "update run set result = jsonb_set(result, cast(:path as text[]), '1') where id = :id"
        connection.execute(text(change), {"path": path, "id": extract.id})
    told = verify_run(sample_database, extract.id, principal=terms.principal, settings=settings)
    assert told["verdict"] == "damaged"
    assert [each["path"] for each in told["differences"]] == ["result"]


def test_a_run_whose_hash_was_made_to_fit_differs_where_it_was_changed(sample_database, settings, as_owner, site):
    terms = Terms(principal_in(sample_database), settings, DAY)
    extract = extract_drawing(sample_database, site, terms=terms)
    forged = json.loads(json.dumps(extract.result))
    layer_of(extract._replace(result=forged), "GH2202")["status"] = "not_concerned"
    with transaction(as_owner(sample_database)) as connection:
        connection.execute(text("set local session_replication_role = replica"))
        values = {"result": json.dumps(forged), "sha256": canonical_sha256(forged), "id": extract.id}
        change = "update run set result = cast(:result as jsonb), result_sha256 = :sha256 where id = :id"
        connection.execute(text(change), values)
    told = verify_run(sample_database, extract.id, principal=terms.principal, settings=settings)
    assert told["verdict"] == "differs"
    difference = {"path": "layers[GH2202]/status", "kept": "not_concerned", "recomputed": "concerned"}
    assert told["differences"] == [difference]


def test_rows_are_compared_by_what_they_are_called():
    kept = {
        "findings": [
            {"rule": "R01", "layer": {"code": "GL3105"}, "x": 1},
            {"rule": "R07", "layer": {"code": "GH2201"}, "x": 1},
        ]
    }
    found = {"findings": [kept["findings"][1] | {"x": 2}, kept["findings"][0]]}
    assert list(list_differences(kept, found)) == [{"path": "findings[R07 GH2201]/x", "kept": 1, "recomputed": 2}]
    assert [each["path"] for each in list_differences(kept, {"findings": []})] == [
        "findings[R01 GL3105]",
        "findings[R07 GH2201]",
    ]


def test_a_role_without_the_right_to_secret_layers_is_told_verdict_and_area_alone(
    district_database, as_role, site, crossing
):
    secret = extract_drawing(district_database, site, terms=as_role("surveyor"), stated_area_m2=50_000)
    (row, whole) = layer_of(secret, "GL3201"), layer_of(crossing, "GL3201")
    assert (row["secret"], row["status"], row["features"], row["documents"]) == (True, "concerned", [], [])
    assert row["area_m2"] == whole["area_m2"] > 0
    assert "recorded_at" not in row["editions"][0]
    assert whole["features"]
    assert not any(each["secret"] for each in crossing.result["layers"])
    assert not [each for each in extract_geojson(secret)["features"] if each["properties"].get("layer") == "GL3201"]


def test_a_run_with_secret_layers_is_not_shown_to_who_may_not_see_them(district_database, local, as_role, crossing):
    surveyor = as_role("surveyor", office="local").principal
    with pytest.raises((ForbiddenError, HiddenError)):
        show_run(district_database, crossing.id, principal=surveyor)
    assert show_run(district_database, crossing.id, principal=as_role("planner").principal)["sha256"] == crossing.sha256


def test_a_run_of_another_office_is_not_there_for_a_surveyor(district_database, as_role, site):
    extract = extract_drawing(district_database, site, terms=as_role("surveyor", office="one"))
    with pytest.raises(HiddenError):
        kept_extract(district_database, extract.id, principal=as_role("surveyor", office="two").principal)


def test_a_parcel_is_asked_about_by_its_name_and_scaled_to_its_registered_area(district_database, local):
    extract = extract_feature(district_database, "GL3201", "怡廊小区宗地", terms=local)
    told = extract.result["site"]
    assert (told["kind"], told["layer"], told["name"]) == ("feature", "GL3201", "怡廊小区宗地")
    assert told["stated_area_m2"] == pytest.approx(told["area_m2"], rel=0.01)
    assert layer_of(extract, "GL3201")["features"] == []  # it is the site itself
    by_id = extract_feature(district_database, "zd", str(told["feature"]), terms=local)
    assert by_id.result["site"] == told


@pytest.mark.parametrize("name", ["没有", "999999999", "9" * 40, "\u0661"])
def test_a_feature_that_is_not_there_is_told_as_such(district_database, local, name):
    with pytest.raises(NotHereError, match="no “"):
        extract_feature(district_database, "GL3201", name, terms=local)


def test_a_time_that_has_not_come_is_refused(district_database, local, site):
    later = local._replace(known_at=datetime.now(UTC) + timedelta(days=1))
    with pytest.raises(RefusedOptionError, match="not come"):
        extract_drawing(district_database, site, terms=later)


def test_before_anything_was_recorded_there_is_no_data(district_database, local, site):
    before = local._replace(known_at=datetime(2020, 1, 1, tzinfo=UTC))
    found = extract_drawing(district_database, site, terms=before)
    assert found.result["summary"]["no_data"] == len(found.result["layers"])


@pytest.mark.parametrize("corners", [((0, 0), (2, 2), (2, 0), (0, 2)), ((0, 0), (50_000, 0), (50_000, 50_000))])
def test_what_is_no_site_is_refused_with_its_fault(district_database, local, corners):
    moved = [(544_000 + x, 4_855_000 + y) for x, y in corners]
    with pytest.raises(FootprintError):
        extract_drawing(district_database, drawn(*moved), terms=local)


def test_the_same_key_is_the_same_extract(district_database, local, site):
    first = extract_drawing(district_database, site, terms=local, key="once")
    assert extract_drawing(district_database, site, terms=local, key="once").id == first.id


def test_geojson_is_cut_to_the_site_in_longitude_and_latitude(crossing, site):
    told = extract_geojson(crossing)
    ground = shapely.geometry.shape(site).buffer(1e-8)
    assert told["features"][0]["properties"]["role"] == "site"
    shapes = [shapely.geometry.shape(feature["geometry"]) for feature in told["features"]]
    assert len(shapes) > 10
    assert all(ground.covers(shape) for shape in shapes)


@papers
def test_the_paper_says_what_was_found_and_holds_the_result(home, crossing):
    pdf = render_extract(crossing, settings=home)
    words = words_of(pdf)
    assert all(each in words for each in ("更新单元", "生态保护红线", "50,000.00", crossing.id.replace(" ", "")))
    (embedded,) = PdfReader(BytesIO(pdf)).attachments["extract.json"]
    assert canonical_sha256(json.loads(embedded)) == crossing.sha256
    assert render_extract(crossing, settings=home) == pdf


@papers
def test_the_paper_shows_noise_and_secret_layers_for_what_they_are(
    home, survey_extracts, as_role, district_database, site
):
    noise = words_of(render_extract(survey_extracts("滨溪1号楼"), settings=home))
    assert "测量噪声" in noise
    assert "宽0.001m" in noise
    secret = words_of(
        render_extract(extract_drawing(district_database, site, terms=as_role("surveyor")), settings=home)
    )
    assert "涉密图层" in secret
    assert "清邻小区宗地" not in secret


@papers
def test_the_paper_leads_to_where_it_is_verified(home, crossing, monkeypatch):
    drawn_texts = []
    monkeypatch.setattr(
        "workflows.extract_papers.draw_qr",
        lambda said: drawn_texts.append(said) or "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'/>",
    )
    render_extract(crossing, settings=home.model_copy(update={"public_url": "https://map.example/"}))
    render_extract(crossing, settings=home)
    public, bare = drawn_texts
    assert public == f"https://map.example/runs/{crossing.id}/verification?sha256={crossing.sha256}"
    assert bare == f"LUOTU:RUN/{crossing.id}/{crossing.sha256}".upper()


def test_a_raster_is_told_by_the_values_on_the_site(sample_database, settings, site):
    terms = Terms(principal_in(sample_database), settings, date.today())
    options = RasterOptions(as_layer="GH2213", unit="m", title="限高面")
    load_raster(
        sample_database,
        SAMPLES / "height_surface.tif",
        principal=terms.principal,
        documents=settings.documents,
        options=options,
    )
    extract = extract_drawing(sample_database, site, terms=terms)
    (raster,) = layer_of(extract, "GH2213")["rasters"]
    a, b, c = (EXPECTED["height_surface"][name] for name in ("a", "b", "c"))
    z = [a * x + b * y + c for x, y in CORNERS]
    assert (raster["title"], raster["unit"], raster["covered_percent"]) == ("限高面", "m", 100)
    assert min(z) - 1 < raster["least"] < raster["mean"] < raster["greatest"] < max(z) + 1
    told = verify_run(sample_database, extract.id, principal=terms.principal, settings=settings)
    assert told["verdict"] == "same"


def test_data_older_than_their_layer_allows_are_doubted(district_database, local, site):
    found = extract_drawing(district_database, site, terms=local._replace(as_of=date(2030, 1, 1)))
    assert "2023" in layer_of(found, "XZ1201")["doubt"]["en"]
    assert layer_of(found, "XZ1101")["doubt"] is None


def test_the_example_of_the_documentation_is_what_is_found(district_database, local):
    extract = extract_feature(district_database, "GL3105", "镜湖用地", terms=local)
    page = (DOCS / "extracts.md").read_text(encoding="utf-8")
    for row in extract.result["layers"]:
        if row["features"]:
            line = next(line for line in page.splitlines() if line.split()[:1] == [row["code"]])
            assert f"{row['area_m2']:,.2f}" in line
            assert f"{row['percent']:.2f}" in line
            assert all(feature["name"] in line for feature in row["features"])
