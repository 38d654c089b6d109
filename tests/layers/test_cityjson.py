"""CityJSON: each building a row, its footprint the flat surface, the ground, or what is seen from above."""

import json

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from layers.cityjson import read_cityjson
from layers.errors import RefusedFile
from layers.formats import Format, sniff
from layers.reading import read_delivery
from layers.remarks import told

# a block of 30 m by 20 m by 9 m, and a porch of 5 m by 20 m beside it
BLOCK = [[x, y, z] for z in (0, 9000) for x, y in ((0, 0), (30000, 0), (30000, 20000), (0, 20000))]
PORCH = [[35000, 0, 0], [35000, 20000, 0]]
SHELL = [[[0, 3, 2, 1]], [[4, 5, 6, 7]], [[0, 1, 5, 4]], [[1, 2, 6, 5]], [[2, 3, 7, 6]], [[3, 0, 4, 7]]]
MEANINGS = {
    "surfaces": [{"type": "GroundSurface"}, {"type": "RoofSurface"}, {"type": "WallSurface"}],
    "values": [[0, 1, 2, 2, 2, 2]],
}
FLAT = {"type": "MultiSurface", "lod": "0", "boundaries": [[[0, 1, 2, 3]]]}
SOLID = {"type": "Solid", "lod": "2", "boundaries": [SHELL], "semantics": MEANINGS}


def city(*, crs="https://www.opengis.net/def/crs/EPSG/0/4551", **objects):
    return {
        "type": "CityJSON",
        "version": "2.0",
        "transform": {"scale": [0.001, 0.001, 0.001], "translate": [540000.0, 4851000.0, 200.0]},
        "metadata": {"referenceSystem": crs} if crs else {},
        "CityObjects": objects,
        "vertices": [*BLOCK, *PORCH],
    }


def building(*geometry, **members):
    return {"type": "Building", "geometry": list(geometry), **members}


CITY = city(
    B1=building(SOLID, attributes={"名称": "一号楼", "层数": 3}),
    B2=building(FLAT, attributes={"名称": "二号楼"}),
    B3=building({**SOLID, "semantics": None}),
    B4=building(children=["B4-1"]),
    **{"B4-1": {"type": "BuildingPart", "parents": ["B4"], "geometry": [FLAT]}, "R": {"type": "Road"}},
)


def read(document):
    return read_cityjson(document if isinstance(document, bytes) else json.dumps(document).encode())


def footprint(*geometry):
    return read(city(B=building(*geometry))).geometries[0]


class TestBuildings:
    def test_each_building_is_a_row_with_its_parts(self, tmp_path):
        path = tmp_path / "a.json"
        path.write_text(json.dumps(CITY, ensure_ascii=False), encoding="utf-8")
        delivery = read_delivery(path)
        assert delivery.frame["source_id"].tolist() == ["B1", "B2", "B3", "B4"]
        assert delivery.frame.geometry.area.tolist() == pytest.approx([600.0] * 4)
        assert delivery.frame["名称"].tolist()[:2] == ["一号楼", "二号楼"]
        assert delivery.crs_name == "EPSG:4551"
        text = " ".join(note.zh for note in delivery.notes)
        assert "Road × 1" in text
        assert "2 幢的基底取自文件中的 LoD 0 面" in text
        assert "1 幢的基底取自地面面" in text
        assert "1 幢的基底是全部构件或表面的投影轮廓" in text

    def test_a_sequence_has_the_vertices_of_each_feature(self, tmp_path):
        head = {**city(), "vertices": []}
        features = [
            {"type": "CityJSONFeature", "id": name, "CityObjects": {name: building(FLAT)}, "vertices": vertices}
            for name, vertices in (("A", BLOCK), ("B", [[x + 50000, y, z] for x, y, z in BLOCK]))
        ]
        path = tmp_path / "a.city.jsonl"
        path.write_text("".join(f"{json.dumps(line)}\n" for line in [head, *features]), encoding="utf-8")
        frame = read_delivery(path).frame
        assert frame["source_id"].tolist() == ["A", "B"]
        assert frame.geometry.bounds["minx"].tolist() == [540000.0, 540050.0]

    def test_vertices_without_a_transform_are_coordinates(self):
        document = city(B=building(FLAT))
        del document["transform"]
        assert read(document).geometries[0].bounds == (0.0, 0.0, 30000.0, 20000.0)


class TestFootprints:
    def test_a_surface_alone_is_as_it_was_drawn(self):
        hole = {**FLAT, "boundaries": [[[0, 1, 2, 3], [4, 5, 6]]]}
        assert len(footprint(hole).interiors) == 1

    def test_the_flat_surface_counts_before_the_ground_and_the_ground_before_the_rest(self):
        porch = {"type": "MultiSurface", "lod": "0", "boundaries": [[[1, 8, 9, 2]]]}
        assert footprint(SOLID, porch).area == pytest.approx(100.0)
        assert footprint(SOLID, {**porch, "lod": "3"}).area == pytest.approx(600.0)

    def test_of_flat_surfaces_with_meanings_the_ground_counts(self):
        both = {
            "type": "MultiSurface",
            "lod": "0",
            "boundaries": [[[0, 1, 2, 3]], [[0, 8, 9, 3]]],
            "semantics": {"surfaces": [{"type": "GroundSurface"}, {"type": "RoofSurface"}], "values": [0, 1]},
        }
        assert footprint(both).area == pytest.approx(600.0)

    def test_neighbouring_surfaces_become_one(self):
        two = {"type": "MultiSurface", "lod": "0", "boundaries": [[[0, 1, 2, 3]], [[1, 8, 9, 2]]]}
        united = footprint(two)
        assert united.geom_type == "Polygon"
        assert united.area == pytest.approx(700.0)

    @pytest.mark.parametrize("kind", ["MultiSolid", "CompositeSolid"])
    def test_solids_of_solids(self, kind):
        meanings = {**MEANINGS, "values": [MEANINGS["values"]]}
        solids = {"type": kind, "lod": "2", "boundaries": [[SHELL]], "semantics": meanings}
        assert footprint(solids).area == pytest.approx(600.0)

    def test_a_building_without_surfaces_is_a_row_without_geometry(self):
        table = read(city(B=building(), C=building(FLAT)))
        assert [shape is None for shape in table.geometries] == [True, False]

    @given(
        st.lists(
            st.integers(-2, 12) | st.none() | st.text(max_size=2) | st.lists(st.integers(-1, 9), max_size=4), max_size=5
        )
    )
    def test_any_boundaries_are_a_row(self, boundaries):
        table = read(city(B=building({**FLAT, "boundaries": [[boundaries]]})))
        assert len(table.geometries) == 1
        assert table.geometries[0] is None or table.faults[0] is None

    def test_vertices_that_are_not_there_are_a_fault_of_their_building(self):
        table = read(city(A=building({**FLAT, "boundaries": [[[0, 1, 99]]]}), B=building(FLAT)))
        assert [fault and fault.kind for fault in table.faults] == ["geometry_broken", None]

    @given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=3, max_size=6))
    def test_what_is_seen_from_above_is_the_roof(self, points):
        hull = shapely.MultiPoint(points).convex_hull
        if hull.geom_type != "Polygon":
            return
        corners = np.array(hull.exterior.coords[:-1]).tolist()
        count = len(corners)
        faces = [[[i, (i + 1) % count, (i + 1) % count + count, i + count]] for i in range(count)]
        document = city(B=building({"type": "MultiSurface", "lod": "1", "boundaries": [*faces, [[*range(count)]]]}))
        document["vertices"] = [[x * 1000, y * 1000, z] for z in (0, 3000) for x, y in corners]
        assert read(document).geometries[0].area == pytest.approx(hull.area)


class TestFiles:
    def test_without_a_reference_system_the_person_is_asked(self, tmp_path, refusal):
        path = tmp_path / "a.json"
        path.write_text(json.dumps(city(crs=None, B=building(FLAT))), encoding="utf-8")
        assert sniff(path) is Format.CITYJSON
        assert "crs" in refusal(path).fault.kind
        assert read_delivery(path, crs=4551).crs_name == "EPSG:4551"

    @pytest.mark.parametrize("member", ["vertices", "CityObjects", "metadata"])
    def test_a_member_of_another_type_refuses_the_file(self, member):
        with pytest.raises(RefusedFile) as caught:
            read({**CITY, member: "x"})
        assert caught.value.fault.kind == "cityjson_invalid"
        assert member in caught.value.fault.text.en

    def test_a_building_that_stands_twice_refuses_the_file(self):
        text = json.dumps(CITY).replace('"B2"', '"B1"')
        with pytest.raises(RefusedFile) as caught:
            read(text.encode())
        assert caught.value.fault.kind == "json_repeated_key"

    def test_parts_that_are_their_own_parts_come_to_an_end(self):
        table = read(city(B=building(FLAT, children=["B"])))
        assert table.geometries[0].area == pytest.approx(600.0)

    def test_where_northing_comes_first_the_numbers_tell(self):
        document = city(B=building(FLAT))
        document["transform"]["translate"] = [4851000.0, 540000.0, 0.0]
        table = read(document)
        assert table.geometries[0].bounds[:2] == (540000.0, 4851000.0)
        assert any("按数值读取" in note.zh for note in told(table.notes))
