"""Where a delivery lies: the office's extent and the register tell what the file does not say, and refuse what lies aside."""

import itertools

import geopandas as gpd
import numpy as np
import pytest
import shapely
import shapely.affinity

from layers.entries import ReadOptions
from layers.errors import RefusedFile
from store.database import transaction
from store.offices import extent_of_office
from tests.workflows.conftest import house
from workflows.delivery_options import DeliveryOptions
from workflows.errors import RefusedOptionError
from workflows.placing import open_placed, place_office
from workflows.reading_settings import configured_reading, read_extent, reading_said, with_known
from workflows.settings import Settings
from workflows.upload_files import ReportedFile, write_coded

JILIN = (126.0, 43.4, 127.0, 44.4)


def quarter(dx=0.0, dy=0.0):
    """Return some thirty houses of many sizes, moved."""
    sizes = np.random.default_rng(5).uniform(9, 30, (6, 6, 2))
    return [house(70 * i + dx, 60 * j + dy, *sizes[i, j]) for i, j in itertools.product(range(6), range(6))]


@pytest.fixture
def placed(database, principal):
    """Return a function that reads a file as an upload by the office would."""

    def read(path, *, reading=ReadOptions(), crs=None):  # noqa: B008 - frozen
        with open_placed(
            database, path, principal=principal, options=DeliveryOptions(crs=crs), reading=reading
        ) as kept:
            return kept.head

    return read


@pytest.fixture
def office_in_jilin(database, principal):
    place_office(database, "local", ",".join(map(str, JILIN)))
    with transaction(database) as connection:
        assert extent_of_office(connection, principal.office_id) == JILIN


def bare(tmp_path, shapes, *, is_swapped=False):
    """Return a shapefile without .prj."""
    turned = shapely.transform(np.array(shapes), lambda xy: xy[:, ::-1]) if is_swapped else np.array(shapes)
    path = tmp_path / "bare.shp"
    gpd.GeoDataFrame({"n": range(len(shapes))}, geometry=turned, crs=4551).to_file(path)
    path.with_suffix(".prj").unlink()
    return path


class TestWithoutCrs:
    @pytest.mark.usefixtures("office_in_jilin")
    def test_without_buildings_around_the_one_candidate_is_asked_about(self, placed, tmp_path):
        with pytest.raises(RefusedFile) as caught:
            placed(bare(tmp_path, quarter()))
        assert [each["crs"] for each in caught.value.candidates] == ["EPSG:4551"]

    @pytest.mark.usefixtures("office_in_jilin")
    @pytest.mark.parametrize("is_swapped", [False, True])
    def test_registered_buildings_that_it_lies_on_settle_it(self, register, deliver, placed, tmp_path, is_swapped):
        register(deliver(quarter()))
        delivery = placed(bare(tmp_path, quarter(0.3, 0.2), is_swapped=is_swapped))
        assert (delivery.crs_name, delivery.crs_said) == ("EPSG:4551", "EPSG:4551/yx" if is_swapped else "EPSG:4551")
        assert "36 幢与在册建筑重合" in delivery.crs_why.zh

    @pytest.mark.usefixtures("office_in_jilin")
    def test_buildings_of_which_it_lies_a_datum_aside_settle_nothing(self, register, deliver, placed, tmp_path):
        register(deliver(quarter()))
        with pytest.raises(RefusedFile) as caught:
            placed(bare(tmp_path, quarter(70, 85)))
        assert caught.value.fault.kind == "crs_ask"

    def test_the_datum_that_the_installation_says_settles_it_in_the_office_s_extent(self, placed, tmp_path):
        known = ReadOptions(extent=[JILIN], datum="CGCS2000")
        assert placed(bare(tmp_path, quarter()), reading=known).crs_name == "EPSG:4551"

    @pytest.mark.usefixtures("office_in_jilin")
    def test_what_was_found_is_kept_with_the_upload_and_given_back_with_codes(self, register, deliver, tmp_path):
        register(deliver(quarter()))
        path = bare(tmp_path, quarter(0.3, 0.2), is_swapped=True)
        report = register(path)
        assert report.crs["said"] == "EPSG:4551/yx"
        assert {row.outcome for row in report.results} == {"revised"}
        write_coded(ReportedFile(path=path, report=report), tmp_path / "coded.gpkg")
        assert (tmp_path / "coded.gpkg").exists()


class TestAside:
    def test_a_delivery_that_lies_a_datum_aside_is_refused_whatever_it_states(self, register, deliver):
        register(deliver(quarter()))
        with pytest.raises(RefusedFile) as caught:
            register(deliver(quarter(70, 85), "xian80.gpkg"))
        assert (caught.value.fault.kind, caught.value.file) == ("reference_older_datum", "xian80.gpkg")
        assert "110" in caught.value.fault.text.en

    def test_one_that_lies_as_gcj02_does_is_refused(self, register, deliver):
        register(deliver(quarter()))
        # by some hundred metres, and by decimetres more from house to house
        aside = [shapely.affinity.translate(each, 430 + 0.02 * n, -210 - 0.01 * n) for n, each in enumerate(quarter())]
        # in a town there are buildings everywhere
        register(deliver([house(430 + 80 * n, -210, 45, 40) for n in range(6)], "others.gpkg"))
        with pytest.raises(RefusedFile) as caught:
            register(deliver(aside, "web.gpkg"))
        assert caught.value.fault.kind == "reference_gcj02"

    def test_another_quarter_beside_it_is_taken(self, register, deliver):
        register(deliver(quarter()))
        report = register(deliver([house(700 + 50 * n, 0, 10 + n, 14 + n % 5) for n in range(12)], "next.gpkg"))
        assert {row.outcome for row in report.results} == {"new"}


class TestExtents:
    @pytest.mark.parametrize(
        "said", ["", "1,2,3", "a,b,c,d", "127,43,126,44", "126,44,127,43", "126,43,127,91", "nan,1,2,3"]
    )
    def test_what_is_no_box_is_refused(self, said):
        with pytest.raises(RefusedOptionError):
            read_extent(said)

    def test_chinese_commas_are_commas(self):
        assert read_extent("126,43.4, 127,44.4") == JILIN

    def test_an_office_that_is_not_there_has_none(self, database):
        with pytest.raises(RefusedOptionError):
            place_office(database, "nobody", "126,43.4,127,44.4")

    def test_what_a_person_says_counts_before_the_settings(self):
        settings = Settings(extent="126,43.4,127,44.4", datum="")
        assert configured_reading(settings).extent == (JILIN,)
        said = reading_said(extent="1,2,3,4", datum="CGCS2000")
        assert with_known(said, configured_reading(settings)) == ReadOptions(
            extent=((1.0, 2.0, 3.0, 4.0),), datum="CGCS2000"
        )
        assert with_known(reading_said(), configured_reading(settings)).extent == (JILIN,)

    def test_a_file_of_local_systems_that_is_not_there_is_refused(self, tmp_path):
        with pytest.raises(RefusedFile):
            configured_reading(Settings(local_systems=str(tmp_path / "none.toml")))
